package dev.baton.engine.model;

import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** A sample of "a token depends only on the tokens before it", taken on the machine at hand when a model is opened. */
final class SelfCheck {
    private static final int TOKENS = 13;

    private SelfCheck() {}

    /** True when one chunk, then a chunk and single tokens, make the same KV and logits. */
    static boolean holds(CpuModel model) {
        int length = Math.min(TOKENS, model.config.maxContext);
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = (int) ((i * 2654435761L + 12345) % model.config.vocab);
        }
        Sample whole = run(model, tokens, length);
        Sample pieces = run(model, tokens, Math.max(1, length - 3));
        return whole.logits.mismatch(pieces.logits) == -1 && whole.kv.mismatch(pieces.kv) == -1;
    }

    private record Sample(MemorySegment logits, MemorySegment kv) {}

    private static Sample run(CpuModel model, int[] tokens, int first) {
        KvLayout layout =
                model.layout(Math.ceilDiv(tokens.length, model.layout(1).blockTokens()));
        int[] blocks = new int[layout.blocks()];
        Arrays.setAll(blocks, i -> i);
        MemorySegment kv = Arena.ofAuto().allocate(layout.bytes(), 64);
        try (ModelRunner runner = model.bind(new KvRegion(layout, kv))) {
            MemorySegment logits = MemorySegment.NULL;
            int at = 0;
            while (at < tokens.length) {
                int end = at == 0 ? first : at + 1;
                logits = runner.forward(
                        List.of(new ModelRunner.Slice(
                                Arrays.copyOfRange(tokens, at, end), at, blocks, end == tokens.length)),
                        layer -> {});
                at = end;
            }
            return new Sample(MemorySegment.ofArray(logits.toArray(ValueLayout.JAVA_FLOAT)), kv);
        }
    }
}
