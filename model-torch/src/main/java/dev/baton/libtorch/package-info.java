/**
 * The one place that touches libtorch: loads TorchScript that Java wrote, wraps native memory as tensors, calls. It uses
 * DJL's PyTorch engine and, for what that does not offer, the stable C shim of libtorch. Used by the engine thread.
 */
@NullMarked
package dev.baton.libtorch;

import org.jspecify.annotations.NullMarked;
