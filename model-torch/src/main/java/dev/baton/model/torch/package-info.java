/** Models on a device: weights copied there once, the forward pass TorchScript, products and attention libtorch's. */
@NullMarked
package dev.baton.model.torch;

import org.jspecify.annotations.NullMarked;
