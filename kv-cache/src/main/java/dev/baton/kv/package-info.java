/**
 * Paged KV, pure: where the bytes of a layer of a block lie, who owns which block, and how blocks are named by content.
 * No I/O and no clock. A {@code BlockPool} belongs to one thread, the engine's; layouts, hashes and digests are
 * immutable.
 */
@NullMarked
package dev.baton.kv;

import org.jspecify.annotations.NullMarked;
