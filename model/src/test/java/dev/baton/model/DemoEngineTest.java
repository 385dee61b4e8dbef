package dev.baton.model;

import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DemoEngineTest extends DemoEngineContract {
    DemoEngineTest() {
        super(OpenedBy.KERNELS);
    }

    @Test
    void inBf16TokensAreTheSameAloneBatchedChunkedCachedPreemptedAndHandedOver() throws IOException {
        tokensAreTheSame(DtypeChoice.BF16);
    }
}
