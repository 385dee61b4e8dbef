/**
 * Leases of lanes, in Redis: the right of one worker to read one lane, renewed before it ends. Each lease owns one virtual
 * thread that renews it.
 */
@NullMarked
package dev.baton.cluster.leases;

import org.jspecify.annotations.NullMarked;
