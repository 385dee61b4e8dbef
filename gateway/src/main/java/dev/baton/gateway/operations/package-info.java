/** What operators see and change at the gateway's management port: the endpoints below {@code /actuator}. */
@NullMarked
package dev.baton.gateway.operations;

import org.jspecify.annotations.NullMarked;
