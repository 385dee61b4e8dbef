package dev.baton.control.routing;

/**
 * Decides whether a prompt is worth a prefill worker:
 *
 * <pre>
 *   AUTO:  uncached(d) > localTokens, and not (uncached(d) ≤ 4 · localTokens and 2 · uncached(d) ≤ uncached(p))
 * </pre>
 *
 * Up to {@code localTokens} the stall of running answers is shorter than a handoff. The next turn of a conversation lies in
 * the cache of the worker that decoded the last one; there it may stall them a little longer, if that saves half of what a
 * prefill worker would compute.
 *
 * @param localTokens largest uncached prompt that AUTO always leaves to the decode worker
 */
public record DisaggPolicy(ServingMode mode, int localTokens) {
    public DisaggPolicy {
        if (localTokens < 0) {
            throw new IllegalArgumentException("localTokens is " + localTokens + ", must be 0 or more");
        }
    }

    private static final int STALL_FOR_A_CACHE = 4;

    /** @param uncachedAtPrefill tokens that the prefill worker which holds most of the prompt would compute */
    boolean splits(int uncachedAtDecode, int uncachedAtPrefill) {
        return switch (mode) {
            case SPLIT -> true;
            case COLOCATED -> false;
            case AUTO ->
                uncachedAtDecode > localTokens
                        && (uncachedAtDecode > STALL_FOR_A_CACHE * (long) localTokens
                                || 2L * uncachedAtDecode > uncachedAtPrefill);
        };
    }
}
