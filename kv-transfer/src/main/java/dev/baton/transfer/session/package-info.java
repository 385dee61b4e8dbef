/**
 * The control session of a worker pair, below the meaning of tickets: framing, the handshake, limits. A
 * {@code MessageChannel} has one reading and one writing thread at a time; the rest is immutable.
 */
@NullMarked
package dev.baton.transfer.session;

import org.jspecify.annotations.NullMarked;
