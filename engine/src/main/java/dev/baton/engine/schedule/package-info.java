/**
 * Which tokens of which sequences the next step computes, and who holds which blocks. Pure: time is an argument, the
 * model and the listeners are the caller's. A scheduler, its sequences and its block pool belong to one thread.
 */
@NullMarked
package dev.baton.engine.schedule;

import org.jspecify.annotations.NullMarked;
