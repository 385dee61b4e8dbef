package dev.baton.kv;

/**
 * Consecutive layers whose blocks have one shape.
 *
 * @param firstLayer index of the group's first layer in the model
 * @param layers number of layers
 * @param firstHead index of the first KV head that is held here, among those of the model
 * @param kvHeads KV heads that are held here
 * @param keyDim elements of one key; {@code valueDim} of one value (0 where a latent cache has no value part)
 * @param window tokens of a sliding window, 0 for full attention
 */
public record LayerGroup(int firstLayer, int layers, int firstHead, int kvHeads, int keyDim, int valueDim, int window) {
    public LayerGroup {
        if (firstLayer < 0
                || layers < 1
                || firstHead < 0
                || kvHeads < 1
                || keyDim < 1
                || valueDim < 0
                || window < 0
                || (long) firstLayer + layers > Integer.MAX_VALUE
                || (long) firstHead + kvHeads > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "not a layer group: layers %d from %d, heads %d from %d, key %d, value %d, window %d"
                            .formatted(layers, firstLayer, kvHeads, firstHead, keyDim, valueDim, window));
        }
    }

    /** A group of all KV heads of the model. */
    public LayerGroup(int firstLayer, int layers, int kvHeads, int keyDim, int valueDim, int window) {
        this(firstLayer, layers, 0, kvHeads, keyDim, valueDim, window);
    }

    /** Elements of one layer of one token, keys and values. */
    long elementsPerToken() {
        return (long) kvHeads * (keyDim + valueDim);
    }

    /** Scales of one layer of one token where elements have scales: one a head for the key, one for the value. */
    int scalesPerHead() {
        return valueDim > 0 ? 2 : 1;
    }

    @Override
    public String toString() {
        return "layers %d-%d, heads %d-%d, keys of %d, values of %d%s"
                .formatted(
                        firstLayer,
                        firstLayer + layers - 1,
                        firstHead,
                        firstHead + kvHeads - 1,
                        keyDim,
                        valueDim,
                        window == 0 ? "" : ", window of " + window);
    }
}
