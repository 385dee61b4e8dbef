/**
 * Runs one generation from admission to its last token: performs what {@code control} decides, on Redis, Kafka and the
 * workers' token streams. Each request's events are handled one at a time, on its loop.
 */
@NullMarked
package dev.baton.gateway.dispatch;

import org.jspecify.annotations.NullMarked;
