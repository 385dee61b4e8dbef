package dev.baton.model;

import dev.baton.engine.OpenModel;
import java.io.IOException;

/** Opens model folders on a GPU. Found by {@link java.util.ServiceLoader}, so that a worker without one needs no libtorch. */
public interface DeviceModels {
    /**
     * Opens a folder on the first GPU that is visible.
     *
     * @throws UnusableDeviceException when there is none that can be used
     * @throws UnsupportedModelException when the family or a feature of it is not among those supported
     */
    OpenModel open(ModelSettings settings, Models.LoadProgress progress) throws IOException;
}
