package dev.baton.bench.engine.exact;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.baton.kv.KvRegion;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A sequence of tokens, with the KV and the logits that were seen first at each position; what comes later must be the same. */
final class Text {
    final int[] tokens;
    private final Map<Integer, int[]> logits = new HashMap<>();
    private byte[][] kv = {};
    private int known;

    /** Random tokens, others for each seed. */
    Text(int length, int vocab, long seed) {
        tokens = new java.util.Random(seed).ints(length, 0, vocab).toArray();
    }

    int length() {
        return tokens.length;
    }

    /**
     * Compares the logits after the token at {@code position} with those seen there first; the first are kept.
     *
     * @throws IllegalStateException when they are no numbers: comparing them would say nothing
     */
    Comparison logits(String arrangement, int position, MemorySegment row) {
        int[] bits = row.toArray(JAVA_INT);
        for (int bit : bits) {
            if (!Float.isFinite(Float.intBitsToFloat(bit))) {
                throw new IllegalStateException(
                        "%s: a logit at position %d is %s".formatted(arrangement, position, Float.intBitsToFloat(bit)));
            }
        }
        int[] first = logits.putIfAbsent(position, bits);
        if (first == null) {
            return new Comparison(arrangement);
        }
        long differ = 0;
        for (int i = 0; i < bits.length; i++) {
            differ += bits[i] == first[i] ? 0 : 1;
        }
        return new Comparison(arrangement).plusLogits(bits.length, differ);
    }

    /** Compares the KV of the first {@code count} tokens with what was seen first; what is new is kept. */
    Comparison kv(String arrangement, KvRegion region, int[] blocks, int count) {
        int width = region.layout().dtype().bytes();
        List<KvPart> parts = KvPart.of(region.layout());
        byte[][] seen = new byte[parts.size()][];
        long values = 0;
        long differ = 0;
        for (int i = 0; i < seen.length; i++) {
            KvPart part = parts.get(i);
            seen[i] = new byte[count * part.tokenBytes()];
            int at = 0;
            for (MemorySegment span : part.spans(region, blocks, 0, count)) {
                MemorySegment.copy(span, JAVA_BYTE, 0, seen[i], at, (int) span.byteSize());
                at += (int) span.byteSize();
            }
            int compared = Math.min(count, known) * part.tokenBytes();
            values += compared / width;
            for (int v = 0; v < compared; v += width) {
                differ += Arrays.equals(seen[i], v, v + width, kv[i], v, v + width) ? 0 : 1;
            }
        }
        if (count > known) {
            kv = seen;
            known = count;
        }
        return new Comparison(arrangement).plusKv(values, differ);
    }
}
