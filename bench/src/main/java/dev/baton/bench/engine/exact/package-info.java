/**
 * "A token depends only on the tokens before it", taken at its word: the same sequences in every arrangement of the work,
 * and every bit of their KV and logits compared. One thread.
 */
@NullMarked
package dev.baton.bench.engine.exact;

import org.jspecify.annotations.NullMarked;
