/**
 * Server-sent events of one answer: pre-serialised chunk templates and the stream that writes them. Any thread may add
 * to a stream. What a slow reader has not taken is merged and kept short, and counts for the budget of answers.
 */
@NullMarked
package dev.baton.gateway.sse;

import org.jspecify.annotations.NullMarked;
