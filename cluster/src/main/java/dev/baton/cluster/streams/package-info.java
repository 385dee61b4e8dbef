/**
 * The token stream between each gateway and each worker. The worker's side ({@link
 * dev.baton.cluster.streams.TokenStreamServer}) keeps every token until its gateway has acknowledged it; the gateway's
 * side ({@link dev.baton.cluster.streams.TokenStreams}) keeps one stream per worker up and judges who is suspect or
 * dead. Each side has one thread that owns all of its state; gRPC's threads and the engine's only hand it messages.
 */
@NullMarked
package dev.baton.cluster.streams;

import org.jspecify.annotations.NullMarked;
