/**
 * Names and checks beside the generated messages of {@code dev.baton.protocol.v1}: topics, keys, ids. Immutable and
 * free of threads.
 */
@NullMarked
package dev.baton.protocol;

import org.jspecify.annotations.NullMarked;
