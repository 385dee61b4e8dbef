/**
 * Wires the sub-packages into an application: beans, settings of the Redis client, TLS from Spring's bundles, metrics and
 * health.
 */
@NullMarked
package dev.baton.cluster;

import org.jspecify.annotations.NullMarked;
