package dev.baton.gateway.body;

import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * What a body needs of its client connection.
 *
 * @param loop the connection's own thread
 * @param writable whether the socket takes more; a change to true is told by {@link PacedBody#wake}
 * @param pending bytes that were written but that the socket has not taken yet
 * @param close closes the connection at once
 */
public record ConnectionHandle(
        ByteBufAllocator allocator, Executor loop, BooleanSupplier writable, LongSupplier pending, Runnable close) {}
