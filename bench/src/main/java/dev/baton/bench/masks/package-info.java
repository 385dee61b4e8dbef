/**
 * Measures what guaranteed structure costs: compiling, masks, their share of a decode step; and draws answers at random and has
 * them checked. A main class; nothing else uses it.
 */
@NullMarked
package dev.baton.bench.masks;

import org.jspecify.annotations.NullMarked;
