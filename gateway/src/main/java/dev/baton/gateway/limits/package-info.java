/** Bounds on what clients can make the gateway hold while it reads: bytes and time of bodies, threads and queue that parse them. */
@NullMarked
package dev.baton.gateway.limits;

import org.jspecify.annotations.NullMarked;
