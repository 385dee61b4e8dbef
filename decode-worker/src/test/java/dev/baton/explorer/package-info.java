/**
 * A whole cluster in virtual time on one thread: the real gateway, token streams, claims and scripts' semantics, on a network
 * and stores that are made up and that fail by a seed.
 */
@NullMarked
package dev.baton.explorer;

import org.jspecify.annotations.NullMarked;
