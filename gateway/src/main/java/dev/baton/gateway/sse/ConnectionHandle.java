package dev.baton.gateway.sse;

import io.netty.buffer.ByteBufAllocator;
import java.util.function.LongSupplier;

/**
 * What a stream needs of its client connection.
 *
 * @param backlog bytes that the socket must take before it counts as writable again; 0 while it is writable
 * @param close closes the connection at once
 */
public record ConnectionHandle(ByteBufAllocator allocator, LongSupplier backlog, Runnable close) {}
