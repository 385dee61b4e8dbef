/** Measures the engine against the machine's own limits. A program of its own, run by hand or by the command line. */
@NullMarked
package dev.baton.bench.engine;

import org.jspecify.annotations.NullMarked;
