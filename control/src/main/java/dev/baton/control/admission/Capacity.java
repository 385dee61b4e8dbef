package dev.baton.control.admission;

/**
 * What the live workers of a model do, as they have measured it themselves, and what they have to do; for a request that is
 * not for later without work for later, which gives way to it.
 *
 * @param prefillTokensPerSecond of all workers that compute prompts together; 0 = not measured yet
 * @param prefillers how many these are
 * @param decodeTokensPerSecond of all workers that make answers together; 0 = not measured yet
 * @param places sequences that these run at one time, as far as their blocks go; 0 = not known
 * @param sequences that they have, running or waiting
 * @param own those of them that this gateway has sent
 * @param queuedTokens of prompts that were sent to them and are not computed yet
 * @param apart prompts and answers are computed by different workers, and so at the same time
 */
public record Capacity(
        double prefillTokensPerSecond,
        int prefillers,
        double decodeTokensPerSecond,
        int places,
        int sequences,
        int own,
        long queuedTokens,
        boolean apart) {
    /** Nobody is there, or nobody has measured anything. */
    public static final Capacity UNKNOWN = new Capacity(0, 0, 0, 0, 0, 0, 0, false);
}
