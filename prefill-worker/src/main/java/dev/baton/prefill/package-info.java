/** The prefill role: claims jobs of its lane, computes prompts, hands their KV and the first token over. */
@NullMarked
package dev.baton.prefill;

import org.jspecify.annotations.NullMarked;
