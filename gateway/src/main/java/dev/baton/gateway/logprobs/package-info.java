/** Log probabilities: kept as numbers, made into each endpoint's JSON when they are written. */
@NullMarked
package dev.baton.gateway.logprobs;

import org.jspecify.annotations.NullMarked;
