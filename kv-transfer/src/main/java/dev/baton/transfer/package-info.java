/**
 * How the KV of a prompt gets from the prefill worker that computes it into the decode worker that reserved blocks for
 * it. The receiver opens a session to the sender and asks with a ticket; the sender announces each layer as it is
 * computed; the receiver copies (shared memory) or reads (TCP) the bytes itself, so no other worker ever writes into its
 * blocks, and a frozen peer that wakes can do no harm.
 *
 * <p>A {@code KvSender} owns the sessions that peers opened to it, a {@code KvReceiver} those that it opened. A session
 * has one reading and one writing thread; {@code OutgoingTransfer} and {@code IncomingTransfer} may be called from any thread and never
 * block, their futures complete on session threads. Both sides have one more thread for pings and deadlines.
 */
@NullMarked
package dev.baton.transfer;

import org.jspecify.annotations.NullMarked;
