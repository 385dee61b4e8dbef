package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.baton.engine.Device;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ModelRuntimeTest {
    @Test
    void aWorkerThatIsToUseAGpuAndCannotEndsWithWhatWasFoundWhichSettingAndWhatToDo() {
        assumeThat(Path.of("/dev/nvidia0")).as("a GPU").doesNotExist();
        ModelSettings settings = new ModelSettings(Path.of("../models/demo"), "demo", DtypeChoice.AUTO, 1, 64);
        assertThatThrownBy(() -> ModelRuntime.openModel(settings, Device.CUDA))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("baton.engine.device is CUDA. cuda:0 cannot be used. Found: ")
                .hasMessageContaining("driver")
                .hasMessageContaining("PYTORCH_LIBRARY_PATH with the lib folder of libtorch 2.7.1 for CUDA 12.8")
                .hasMessageEndingWith("; or set it to CPU");
    }
}
