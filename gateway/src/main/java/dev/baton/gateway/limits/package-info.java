/** Bounds on what one client can make the gateway hold: body size and time, requests in flight. */
@NullMarked
package dev.baton.gateway.limits;

import org.jspecify.annotations.NullMarked;
