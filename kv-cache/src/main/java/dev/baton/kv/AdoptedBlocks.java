package dev.baton.kv;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Blocks that a worker finds in the pool of an earlier process of its own. Bytes are not checked yet: {@link BlockLedger#matches}
 * does, when a block is used for the first time.
 *
 * @param named full blocks, in any order
 * @param open blocks that hold their first tokens only: no cache here, but other workers may still copy from them
 */
public record AdoptedBlocks(List<Named> named, List<Integer> open) {
    public static final AdoptedBlocks NONE = new AdoptedBlocks(List.of(), List.of());

    public AdoptedBlocks {
        named = List.copyOf(named);
        open = List.copyOf(open);
    }

    /**
     * A full block.
     *
     * @param parent name of the block before it in the sequence, null for the first
     */
    public record Named(int block, @Nullable BlockHash parent, BlockHash name) {}

    /**
     * Makes the named blocks cache of a new pool, and lets the open ones be used last. Of blocks of one name one is taken. On
     * the thread of the pool.
     *
     * @return the names that can be found now
     */
    public List<BlockHash> restoreInto(BlockPool pool) {
        List<BlockHash> restored = named.stream()
                .filter(block -> pool.restore(block.block, block.parent, block.name))
                .map(Named::name)
                .toList();
        open.forEach(pool::useLast);
        return restored;
    }

    /** The longest chains, each from its first block, that can be found whole. */
    public List<List<BlockHash>> chains() {
        Map<BlockHash, Named> byName = new HashMap<>();
        named.forEach(block -> byName.put(block.name, block));
        Set<BlockHash> parents = new HashSet<>();
        named.forEach(block -> parents.add(block.parent));
        List<List<BlockHash>> chains = new ArrayList<>();
        for (BlockHash last : byName.keySet()) {
            if (!parents.contains(last)) {
                LinkedList<BlockHash> chain = new LinkedList<>();
                Named block = byName.get(last);
                while (block != null) {
                    chain.addFirst(block.name);
                    if (block.parent == null) {
                        chains.add(List.copyOf(chain));
                        break;
                    }
                    block = byName.get(block.parent);
                }
            }
        }
        return chains;
    }
}
