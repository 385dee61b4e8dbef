package dev.baton.control.routing;

/**
 * Decides whether a prompt is worth a prefill worker: {@code uncached > localTokens}, where uncached are the prompt
 * tokens that the decode worker would have to compute. Below that, the stall of running answers is shorter than a
 * handoff.
 *
 * @param localTokens largest uncached prompt that AUTO leaves to the decode worker
 */
public record DisaggPolicy(ServingMode mode, int localTokens) {
    public DisaggPolicy {
        if (localTokens < 0) {
            throw new IllegalArgumentException("localTokens is " + localTokens + ", must be 0 or more");
        }
    }

    boolean splits(int uncachedAtDecode) {
        return switch (mode) {
            case SPLIT -> true;
            case COLOCATED -> false;
            case AUTO -> uncachedAtDecode > localTokens;
        };
    }
}
