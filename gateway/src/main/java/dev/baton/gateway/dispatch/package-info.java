/**
 * Carries one request from admission to its last token: state in Redis, job on Kafka, frames from the workers' token
 * streams, recovery when one dies. Each request's events are handled one at a time.
 */
@NullMarked
package dev.baton.gateway.dispatch;

import org.jspecify.annotations.NullMarked;
