/**
 * Server-sent events of one answer: pre-serialised chunk templates and the stream that writes them. Any thread may add
 * to a stream; one thread at a time drains it towards the connection. What a slow reader has not taken is merged, so a
 * stream holds at most one delta per choice.
 */
@NullMarked
package dev.baton.gateway.sse;

import org.jspecify.annotations.NullMarked;
