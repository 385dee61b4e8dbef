package dev.baton.transfer;

import dev.baton.transfer.pool.SharedPool;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** For tests between two workers: a pool of each, full of different bytes. */
abstract class TwoPools {
    @TempDir
    Path folder;

    SharedPool prefillPool;
    SharedPool decodePool;

    @BeforeEach
    void pools() throws Exception {
        prefillPool = Fixture.pool(folder, "prefill-0", 1);
        decodePool = Fixture.pool(folder, "decode-0", 2);
        Fixture.fill(prefillPool.region(), 42);
        Fixture.fill(decodePool.region(), 43);
    }

    @AfterEach
    void end() {
        prefillPool.close();
        decodePool.close();
    }
}
