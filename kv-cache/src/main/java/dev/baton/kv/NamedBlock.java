package dev.baton.kv;

import org.jspecify.annotations.Nullable;

/**
 * A full block that can be found by content.
 *
 * @param block its number in the pool
 * @param parent name of the block before it in the sequence, null for the first
 */
public record NamedBlock(int block, @Nullable BlockHash parent, BlockHash name) {}
