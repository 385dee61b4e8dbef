package dev.baton.gateway.body;

import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * What a body needs of its client connection.
 *
 * @param loop the connection's own thread
 * @param writable whether the socket takes more; a change to true is told by {@link PacedBody#wake}
 * @param close closes the connection at once
 */
public record ConnectionHandle(ByteBufAllocator allocator, Executor loop, BooleanSupplier writable, Runnable close) {}
