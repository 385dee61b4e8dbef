package dev.baton.control;

/**
 * Deaths of workers in whose running step a request was. A token depends only on those before it, so a request that kills
 * a worker does so again at the same token: only deaths near each other are suspicious, and one that gets beyond the
 * token is cleared.
 */
final class Deaths {
    /** Tokens that a dying worker may have made and not sent, or sent and the next one not made. */
    static final int NEAR = 8;

    /** So many deaths near each other make the request run alone. */
    static final int ALONE_AFTER = 2;

    private final int most;
    private int near;
    private int clearedAbove;

    /** @param most deaths near each other that end the request, even if it never ran alone */
    Deaths(int most) {
        this.most = Math.max(most, ALONE_AFTER + 1);
    }

    /**
     * A worker died with the request in its step.
     *
     * @param accepted tokens so far
     * @param prompt it was the prompt that was computed: any token clears the request then
     * @param alone no other suspicious request was with that worker
     * @return whether the request is taken to be the cause
     */
    boolean died(int accepted, boolean prompt, boolean alone) {
        boolean again = near > 0 && accepted <= clearedAbove;
        near = again ? near + 1 : 1;
        clearedAbove = prompt ? accepted : accepted + NEAR;
        return near >= most || (alone && near > ALONE_AFTER);
    }

    /** It must not be with others that are. */
    boolean suspicious() {
        return near >= ALONE_AFTER;
    }

    /** Whether tokens accepted now clear a request that was suspicious. */
    boolean clears(int accepted) {
        boolean clears = suspicious() && accepted > clearedAbove;
        if (clears) {
            near = 0;
        }
        return clears;
    }

    int count() {
        return near;
    }
}
