/**
 * What prefill and decode workers have in common: one engine over one pool, a lane of work, the token stream to the
 * gateways, KV sessions to other workers. The engine's thread calls the listeners here and only hands over; lane,
 * stream and session threads come in through the engine's command queue.
 */
@NullMarked
package dev.baton.worker;

import org.jspecify.annotations.NullMarked;
