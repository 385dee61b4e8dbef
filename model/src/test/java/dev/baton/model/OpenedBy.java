package dev.baton.model;

import dev.baton.engine.OpenModel;
import java.io.IOException;

/** A way in which a model folder runs; what runs it otherwise than the kernels is tested in its own module. */
public interface OpenedBy {
    /** The CPU's own kernels, whose results are exact. */
    OpenedBy KERNELS = settings -> Models.open(settings, (done, of) -> {});

    OpenModel open(ModelSettings settings) throws IOException;
}
