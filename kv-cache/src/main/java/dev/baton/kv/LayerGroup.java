package dev.baton.kv;

/**
 * Consecutive layers whose blocks have one shape.
 *
 * @param firstLayer index of the group's first layer in the model
 * @param layers number of layers
 * @param kvHeads KV heads of this rank
 * @param keyDim elements of one key; {@code valueDim} of one value (0 where a latent cache has no value part)
 * @param window tokens of a sliding window, 0 for full attention
 */
public record LayerGroup(int firstLayer, int layers, int kvHeads, int keyDim, int valueDim, int window) {
    public LayerGroup {
        if (firstLayer < 0 || layers < 1 || kvHeads < 1 || keyDim < 1 || valueDim < 0 || window < 0) {
            throw new IllegalArgumentException(
                    "not a layer group: first layer %d, layers %d, heads %d, key %d, value %d, window %d"
                            .formatted(firstLayer, layers, kvHeads, keyDim, valueDim, window));
        }
    }

    /** Elements of one layer of one token, keys and values. */
    int elementsPerToken() {
        return kvHeads * (keyDim + valueDim);
    }
}
