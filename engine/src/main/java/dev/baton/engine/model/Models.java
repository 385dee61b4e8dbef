package dev.baton.engine.model;

import java.io.IOException;

/** Opens model folders. */
public final class Models {
    private Models() {}

    /**
     * Reads a folder, packs its weights for this machine and checks a sample of its arithmetic.
     *
     * @param progress told on the calling thread while weights are read
     * @throws IOException when a file is missing or broken
     * @throws UnsupportedModelException when the family or a feature of it is not among those supported
     */
    public static OpenModel open(ModelSettings settings, LoadProgress progress) throws IOException {
        return CpuModel.open(settings, progress);
    }

    /** Told while weights are read. */
    public interface LoadProgress {
        void loaded(long bytes, long ofBytes);
    }
}
