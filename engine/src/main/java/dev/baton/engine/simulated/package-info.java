/**
 * A model that costs time but computes nothing, for load tests and for tests of what surrounds a model. Its tokens are a
 * function of the tokens before them and of nothing else, read from the KV blocks, so code that loses or mixes up a block
 * gets other tokens. Never the default.
 */
@NullMarked
package dev.baton.engine.simulated;

import org.jspecify.annotations.NullMarked;
