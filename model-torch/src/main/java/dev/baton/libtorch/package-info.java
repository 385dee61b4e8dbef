/**
 * The one place that touches libtorch: loads TorchScript that Java wrote, wraps native memory as tensors, calls. Behind
 * it stand DJL's PyTorch engine and, where that has no door, the stable C shim of libtorch. Used by the engine thread.
 */
@NullMarked
package dev.baton.libtorch;

import org.jspecify.annotations.NullMarked;
