/**
 * From a Hugging Face folder to logits: configuration, families, weights, the forward pass over a batch. Used by the
 * engine thread only.
 */
@NullMarked
package dev.baton.model;

import org.jspecify.annotations.NullMarked;
