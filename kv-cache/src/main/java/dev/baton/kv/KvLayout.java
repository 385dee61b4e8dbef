package dev.baton.kv;

import java.util.List;

/**
 * Where KV lies in a pool: for each layer group {@code [layer][block][K|V][kv_head][token][dim]}, groups one after the
 * other. One layer of one block is contiguous, and so is one head of it. Turned keys lie {@code [kv_head][word][token]}, a
 * word being the four bytes of neighbouring dimensions (two of bf16): scores of many tokens are then made side by side
 * without moving a key.
 *
 * <p>Elements with scales have these behind the values: {@code [kv_head][token][K, V]}, floats. A scale belongs to one token,
 * so that a block is only ever added to.
 *
 * <p>Methods count layers from the first that is held here, {@link #firstLayer()} of the model.
 *
 * @param groups layer groups in order of their layers, without gaps: of the layers and heads of the model that are held here
 * @param blockTokens tokens of a block
 * @param blocks blocks of the pool
 * @param turnedKeys whether keys are turned; values never are
 * @param rank this holder's number among the {@code ranks} that share the model
 */
public record KvLayout(
        List<LayerGroup> groups, int blockTokens, KvDtype dtype, boolean turnedKeys, int blocks, int rank, int ranks) {
    /** Tokens of a block unless configured otherwise. */
    public static final int DEFAULT_BLOCK_TOKENS = 64;

    private static final int WORD = 4;

    public KvLayout {
        groups = List.copyOf(groups);
        if (groups.isEmpty() || blockTokens < 1 || blocks < 1 || ranks < 1 || rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException(
                    "not a KV layout: %d groups, block of %d tokens, %d blocks, rank %d of %d"
                            .formatted(groups.size(), blockTokens, blocks, rank, ranks));
        }
        int layer = groups.getFirst().firstLayer();
        for (LayerGroup group : groups) {
            if (group.firstLayer() != layer) {
                throw new IllegalArgumentException(
                        "layer group starts at %d, expected %d".formatted(group.firstLayer(), layer));
            }
            layer += group.layers();
            if (group.keyDim() * dtype.bytes() % WORD != 0 || group.valueDim() * dtype.bytes() % WORD != 0) {
                throw new IllegalArgumentException(
                        "keys of %d and values of %d elements of %s do not fill words of 4 bytes"
                                .formatted(group.keyDim(), group.valueDim(), dtype));
            }
        }
    }

    /** A layout of one group: every layer alike, keys as values, one rank. */
    public static KvLayout uniform(int layers, int kvHeads, int dim, int blockTokens, KvDtype dtype, int blocks) {
        LayerGroup group = new LayerGroup(0, layers, kvHeads, dim, dim, 0);
        return new KvLayout(List.of(group), blockTokens, dtype, false, blocks, 0, 1);
    }

    /** Index in the model of the first layer that is held here. */
    public int firstLayer() {
        return groups.getFirst().firstLayer();
    }

    /** Number of layers that are held here. */
    public int layers() {
        LayerGroup last = groups.getLast();
        return last.firstLayer() + last.layers() - firstLayer();
    }

    public LayerGroup group(int layer) {
        int inModel = firstLayer() + layer;
        for (LayerGroup group : groups) {
            if (inModel >= group.firstLayer() && inModel < group.firstLayer() + group.layers()) {
                return group;
            }
        }
        throw new IndexOutOfBoundsException("layer %d of %d".formatted(layer, layers()));
    }

    /** Tokens that a row sees in some layer, itself included: the widest window; 0 where a layer sees all before it. */
    public int window() {
        boolean all = groups.stream().anyMatch(group -> group.window() == 0);
        return all ? 0 : groups.stream().mapToInt(LayerGroup::window).max().orElse(0);
    }

    /** Bytes of one layer of one block, keys and values. */
    public long layerBlockBytes(int layer) {
        return layerBlockBytes(group(layer));
    }

    private long layerBlockBytes(LayerGroup group) {
        return (group.elementsPerToken() * dtype.bytes() + scaleBytes(group)) * blockTokens;
    }

    /** Bytes of the scales of one layer of one token. */
    private long scaleBytes(LayerGroup group) {
        return (long) group.kvHeads() * group.scalesPerHead() * dtype.scaleBytes();
    }

    DigestShape digestShape(LayerGroup group) {
        int[] words = {
            group.keyDim() * dtype.bytes() / WORD,
            group.valueDim() * dtype.bytes() / WORD,
            group.scalesPerHead() * dtype.scaleBytes() / WORD
        };
        return DigestShape.of(
                group.firstHead(), group.kvHeads(), blockTokens, words, turnedKeys ? DigestShape.TURNED_KEYS : 0);
    }

    /** Offset of one layer of one block from the start of the pool's KV bytes. */
    public long offset(int layer, int block) {
        if (block < 0 || block >= blocks) {
            throw new IndexOutOfBoundsException("block %d of %d".formatted(block, blocks));
        }
        long offset = 0;
        for (LayerGroup group : groups) {
            long size = layerBlockBytes(group);
            int inGroup = firstLayer() + layer - group.firstLayer();
            if (inGroup < group.layers()) {
                return offset + ((long) inGroup * blocks + block) * size;
            }
            offset += size * blocks * group.layers();
        }
        throw new IndexOutOfBoundsException("layer %d of %d".formatted(layer, layers()));
    }

    /** Bytes of one block over all layers. */
    public long blockBytes() {
        long bytes = 0;
        for (LayerGroup group : groups) {
            bytes += layerBlockBytes(group) * group.layers();
        }
        return bytes;
    }

    /** Bytes of the pool's KV. */
    public long bytes() {
        return blockBytes() * blocks;
    }

    /** Blocks that hold {@code tokens}. */
    public int blocksFor(int tokens) {
        return Math.ceilDiv(tokens, blockTokens);
    }

    public KvLayout withRank(int number, int of) {
        return new KvLayout(groups, blockTokens, dtype, turnedKeys, blocks, number, of);
    }

    public KvLayout withBlocks(int count) {
        return new KvLayout(groups, blockTokens, dtype, turnedKeys, count, rank, ranks);
    }

    public KvLayout withTurnedKeys() {
        return new KvLayout(groups, blockTokens, dtype, true, blocks, rank, ranks);
    }

    /**
     * True when blocks of the other pool can be copied into this one as they are: both hold the same layers and heads in the
     * same way. Their numbers of blocks and their ranks may differ.
     */
    public boolean compatibleWith(KvLayout other) {
        return withBlocks(1).withRank(0, 1).equals(other.withBlocks(1).withRank(0, 1));
    }

    @Override
    public String toString() {
        return "%s of %s%s, %d blocks of %d tokens, rank %d of %d"
                .formatted(groups, dtype, turnedKeys ? ", turned keys" : "", blocks, blockTokens, rank, ranks);
    }
}
