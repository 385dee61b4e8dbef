/**
 * Who works, in Redis: each worker's own word, renewed before it ends, and the lease of the lane it reads. The
 * announcer, the registry and each lease own one virtual thread that sleeps between rounds.
 */
@NullMarked
package dev.baton.cluster.workers;

import org.jspecify.annotations.NullMarked;
