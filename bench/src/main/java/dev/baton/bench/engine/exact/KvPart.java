package dev.baton.bench.engine.exact;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Values of one head of one layer, or its keys, or one word of turned keys: in each block its tokens lie one after the other.
 *
 * @param offset bytes from the start of a layer's block
 * @param tokenBytes bytes of one token
 */
record KvPart(int layer, long offset, int tokenBytes) {
    private static final int WORD = 4;

    static List<KvPart> of(KvLayout layout) {
        List<KvPart> parts = new ArrayList<>();
        for (int layer = 0; layer < layout.layers(); layer++) {
            LayerGroup group = layout.group(layer);
            long offset = 0;
            for (int head = 0; head < 2 * group.kvHeads(); head++) {
                boolean key = head < group.kvHeads();
                int bytes = (key ? group.keyDim() : group.valueDim())
                        * layout.dtype().bytes();
                int part = key && layout.turnedKeys() ? WORD : bytes;
                for (int at = 0; at < bytes; at += part) {
                    parts.add(new KvPart(layer, offset, part));
                    offset += (long) part * layout.blockTokens();
                }
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

    /** Fills memory with numbers of no sequence: large, but numbers. */
    static void litter(MemorySegment memory) {
        for (long at = 0; at + 4 <= memory.byteSize(); at += 4) {
            memory.set(JAVA_INT_UNALIGNED, at, 0x5a5a5a5a ^ (int) (at & 0x0f0f));
        }
    }
}
