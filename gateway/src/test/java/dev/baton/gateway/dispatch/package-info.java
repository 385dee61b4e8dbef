/** Dispatch against a real Kafka, a real Redis and workers that speak the real token stream. */
@NullMarked
package dev.baton.gateway.dispatch;

import org.jspecify.annotations.NullMarked;
