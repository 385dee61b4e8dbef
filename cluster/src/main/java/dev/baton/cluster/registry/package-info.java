/**
 * The workers that are alive, in Redis: each worker publishes its own state with a short TTL, and gateways read the list.
 * The publisher and the registry own one virtual thread each.
 */
@NullMarked
package dev.baton.cluster.registry;

import org.jspecify.annotations.NullMarked;
