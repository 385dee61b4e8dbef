package dev.baton.bench.engine.exact;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys or values of one head of one layer: in each block its tokens lie one after the other.
 *
 * @param offset bytes from the start of a layer's block
 * @param tokenBytes bytes of one token
 */
record KvPart(int layer, long offset, int tokenBytes) {
    static List<KvPart> of(KvLayout layout) {
        List<KvPart> parts = new ArrayList<>();
        for (int layer = 0; layer < layout.layers(); layer++) {
            LayerGroup group = layout.group(layer);
            long offset = 0;
            for (int head = 0; head < 2 * group.kvHeads(); head++) {
                int dim = head < group.kvHeads() ? group.keyDim() : group.valueDim();
                int bytes = dim * layout.dtype().bytes();
                parts.add(new KvPart(layer, offset, bytes));
                offset += (long) bytes * layout.blockTokens();
            }
        }
        return parts;
    }

    /** Where tokens {@code [from, to)} of a sequence lie, in their order. */
    List<MemorySegment> spans(KvRegion region, int[] blocks, int from, int to) {
        int blockTokens = region.layout().blockTokens();
        List<MemorySegment> spans = new ArrayList<>();
        for (int at = from; at < to; ) {
            int end = Math.min(to, (at / blockTokens + 1) * blockTokens);
            spans.add(region.layerBlock(layer, blocks[at / blockTokens])
                    .asSlice(offset + (long) (at % blockTokens) * tokenBytes, (long) (end - at) * tokenBytes));
            at = end;
        }
        return spans;
    }

    /** Fills memory with numbers that belong to nobody: large, but numbers. */
    static void litter(MemorySegment memory) {
        for (long at = 0; at + 4 <= memory.byteSize(); at += 4) {
            memory.set(JAVA_INT_UNALIGNED, at, 0x5a5a5a5a ^ (int) (at & 0x0f0f));
        }
    }
}
