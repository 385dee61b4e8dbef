package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.Device;
import dev.baton.model.ModelSettings.DtypeChoice;
import org.junit.jupiter.api.Test;

class ModelsTest {
    @Test
    void withoutItsModuleAGpuIsRefusedAndTheCpuDoesNotStandIn() {
        ModelSettings settings = new ModelSettings(Reference.DEMO, "demo", DtypeChoice.AUTO, 1, 64);
        assertThatThrownBy(() -> Models.open(settings, Device.CUDA, (done, of) -> {}))
                .isInstanceOf(UnusableDeviceException.class)
                .hasMessageContaining("add Baton's module model-torch");
    }
}
