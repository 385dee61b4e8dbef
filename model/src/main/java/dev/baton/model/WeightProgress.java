package dev.baton.model;

import dev.baton.model.ModelSettings.Precision;

/** Reading of one checkpoint: counts bytes for a listener, and knows how weights are to be held. */
public final class WeightProgress {
    private final Models.LoadProgress listener;
    private final Precision precision;
    private final long of;
    private long done;

    /** @param of bytes of the whole checkpoint */
    public WeightProgress(Models.LoadProgress listener, Precision precision, long of) {
        this.listener = listener;
        this.precision = precision;
        this.of = of;
    }

    public Precision precision() {
        return precision;
    }

    /** Adds bytes that were read and tells the listener. */
    public void read(long bytes) {
        done += bytes;
        listener.loaded(done, of);
    }
}
