package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrphanPoolsTest {
    private static final Duration KEEP = Duration.ofSeconds(60);

    @TempDir
    Path temporary;

    private Path folder;

    @BeforeEach
    void start() throws IOException {
        folder = temporary.toRealPath();
    }

    private SharedPool pool(String worker, long epoch) throws IOException {
        return SharedPool.create(folder, Rows.identity(worker, epoch));
    }

    private static long after(Duration time) {
        return time.toNanos() - 5;
    }

    @Test
    void deletesAnOrphanOnceItHasBeenOneForLongEnough() throws IOException {
        OrphanPools orphans = new OrphanPools(folder, KEEP);
        SharedPool dead = pool("dead", 1);
        dead.leave();
        Files.writeString(folder.resolve("baton-kv-old-0000000000000001.pool"), "of an older version");
        try (SharedPool alive = pool("alive", 1)) {
            long bytes = Files.size(dead.path()) + "of an older version".length();
            assertThat(orphans.sweep(after(Duration.ZERO))).isZero();
            assertThat(orphans.sweep(after(Duration.ofSeconds(59)))).isZero();
            assertThat(dead.path()).exists();
            assertThat(orphans.sweep(after(Duration.ofSeconds(60)))).isEqualTo(bytes);
            assertThat(dead.path()).doesNotExist();
            assertThat(alive.path()).exists();
            assertThat(PoolFolder.lockOf(alive.path())).exists();
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void oneThatWasTakenOverAndLeftAgainIsANewOrphan() throws IOException {
        OrphanPools orphans = new OrphanPools(folder, KEEP);
        pool("dead", 1).leave();
        orphans.sweep(after(Duration.ZERO));
        SharedPool again = pool("dead", 2);
        orphans.sweep(after(Duration.ofSeconds(59)));
        again.leave();
        assertThat(orphans.sweep(after(Duration.ofSeconds(61)))).isZero();
        assertThat(again.path()).exists();
        assertThat(orphans.sweep(after(Duration.ofSeconds(121)))).isPositive();
    }

    @Test
    void leavesItToWhoeverIsLookingAlready() throws IOException {
        OrphanPools orphans = new OrphanPools(folder, Duration.ZERO);
        SharedPool dead = pool("dead", 1);
        dead.leave();
        PoolLock other = new PoolFolder(folder).lock(Duration.ZERO).orElseThrow();
        assertThat(orphans.sweep(0)).isZero();
        other.close();
        assertThat(orphans.sweep(0)).isPositive();
    }

    @Test
    void looksByItselfUntilItIsClosed() throws IOException {
        SharedPool dead = pool("dead", 1);
        dead.leave();
        try (OrphanPools orphans = OrphanPools.start(folder, Duration.ofMillis(200))) {
            long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (Files.exists(dead.path()) && System.nanoTime() < end) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(dead.path()).doesNotExist();
            assertThat(orphans).isNotNull();
        }
    }
}
