/**
 * Who holds which blocks, in Redis. A hint and no truth: an entry names only the holder, who must be asked and who
 * leases the block before it answers. Losing it costs cache hits. No threads of its own.
 */
@NullMarked
package dev.baton.cluster.directory;

import org.jspecify.annotations.NullMarked;
