/**
 * Bounds on what one client connection may take, below HTTP: how many there are, how long a request may take to arrive,
 * and how long written bytes may lie. All handlers run on their connection's own thread.
 */
@NullMarked
package dev.baton.gateway.connection;

import org.jspecify.annotations.NullMarked;
