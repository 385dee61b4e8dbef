/**
 * The engine's own CPU kernels: products, attention over KV blocks, gated activations. Two makers of the same bits, C
 * (called through the foreign function interface) and Java. Every output is one fixed sequence of IEEE operations, so
 * neither the number of rows nor of threads nor the width of the machine's vectors changes it. Called by the engine
 * thread only, which works along with the threads of its team.
 */
@NullMarked
package dev.baton.kernel;

import org.jspecify.annotations.NullMarked;
