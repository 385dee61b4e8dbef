/**
 * The directory of KV blocks in Redis: which worker holds which block. Only a hint: an entry names the holder, which must
 * be asked and leases the block before it answers. Losing it costs cache hits. No threads of its own.
 */
@NullMarked
package dev.baton.cluster.directory;

import org.jspecify.annotations.NullMarked;
