package dev.baton.bench.engine.exact;

/**
 * Results of one arrangement of the work beside the earlier ones.
 *
 * @param arrangement for people
 * @param kv values of the KV cache that were compared
 * @param kvDiffer those of them that differ in any bit
 * @param logits logits that were compared
 * @param logitsDiffer those of them that differ in any bit
 */
public record Comparison(String arrangement, long kv, long kvDiffer, long logits, long logitsDiffer) {
    Comparison(String arrangement) {
        this(arrangement, 0, 0, 0, 0);
    }

    Comparison plusKv(long values, long differ) {
        return new Comparison(arrangement, kv + values, kvDiffer + differ, logits, logitsDiffer);
    }

    Comparison plusLogits(long values, long differ) {
        return new Comparison(arrangement, kv, kvDiffer, logits + values, logitsDiffer + differ);
    }

    Comparison plus(Comparison other) {
        return plusKv(other.kv, other.kvDiffer).plusLogits(other.logits, other.logitsDiffer);
    }

    /** Whether something was compared and nothing differs. */
    public boolean same() {
        return kv > 0 && kvDiffer == 0 && logitsDiffer == 0;
    }
}
