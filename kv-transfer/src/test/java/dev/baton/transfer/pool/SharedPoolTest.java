package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.LayerGroup;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedPoolTest {
    private static final KvLayout LAYOUT = new KvLayout(
            List.of(new LayerGroup(0, 2, 2, 8, 8, 0), new LayerGroup(2, 1, 1, 16, 0, 128)),
            16,
            KvDtype.BF16,
            false,
            10,
            1,
            2);
    private static final PoolIdentity IDENTITY =
            new PoolIdentity("prefill-0", 0x0102030405060708L, 0x1112131415161718L, LAYOUT);

    @TempDir
    Path temporary;

    private Path folder() throws IOException {
        return temporary.toRealPath();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> list = Files.list(folder())) {
            return list.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void isReadableByItsOwnerOnlyAndAligned() throws Exception {
        try (SharedPool pool = SharedPool.create(folder(), IDENTITY)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(pool.path())))
                    .isEqualTo("rw-------");
            assertThat(pool.region().segment().byteSize()).isEqualTo(LAYOUT.bytes());
            assertThat(pool.region().segment().address() % 64).isZero();
        }
    }

    @Test
    void leavesNothingBehindWhenClosed() throws Exception {
        SharedPool pool = SharedPool.create(folder(), IDENTITY);
        assertThat(files()).hasSize(2);
        pool.close();
        assertThat(files()).isEmpty();
    }

    @Test
    void keepsWhatOthersLeftUntilItsRoomIsNeeded() throws Exception {
        Files.writeString(folder().resolve("baton-kv-dead.pool"), "left over");
        Files.writeString(folder().resolve("somebody-else.pool"), "not ours");
        PoolIdentity second = new PoolIdentity("decode-0", 2, 3, LAYOUT);
        try (SharedPool living = SharedPool.create(folder(), IDENTITY);
                SharedPool other = SharedPool.create(folder(), second)) {
            assertThat(living.path()).hasFileName("baton-kv-prefill-0.pool");
            assertThat(other.path()).hasFileName("baton-kv-decode-0.pool");
            assertThat(files())
                    .containsExactlyInAnyOrder(
                            "baton-kv-prefill-0.pool",
                            "baton-kv-prefill-0.lock",
                            "baton-kv-decode-0.pool",
                            "baton-kv-decode-0.lock",
                            "baton-kv-dead.pool",
                            "somebody-else.pool");
        }
        KvLayout huge = KvLayout.uniform(1000, 64, 128, 64, KvDtype.BF16, Integer.MAX_VALUE / 2);
        assertThatThrownBy(() -> SharedPool.create(folder(), new PoolIdentity("huge", 1, 1, huge)))
                .isInstanceOf(IOException.class);
        assertThat(files()).containsExactly("somebody-else.pool");
    }

    @Test
    void givesBackWhatADeadWorkerHeldWithoutMakingAPool() throws Exception {
        Files.writeString(folder().resolve("baton-kv-dead-0000000000000001.lock"), "");
        Files.writeString(folder().resolve("baton-kv-dead-0000000000000001.pool"), "left over");
        Files.writeString(folder().resolve("baton-kv-alone.lock"), "");
        try (SharedPool living = SharedPool.create(folder().resolve("other"), IDENTITY)) {
            assertThat(SharedPool.removeDead(folder())).isEqualTo("left over".length());
            assertThat(SharedPool.removeDead(folder().resolve("other"))).isZero();
            assertThat(living.path()).exists();
        }
        assertThat(files()).containsExactly("other");
        assertThat(SharedPool.removeDead(folder().resolve("absent"))).isZero();
    }

    @Test
    void saysWhichSettingHelpsWhenThereIsNoRoom() throws IOException {
        KvLayout huge = KvLayout.uniform(1000, 64, 128, 64, KvDtype.BF16, Integer.MAX_VALUE / 2);
        assertThatThrownBy(() -> SharedPool.create(folder(), new PoolIdentity("huge", 1, 1, huge)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(SharedPool.FOLDER_SETTING)
                .hasMessageContaining("MiB");
        assertThat(files()).isEmpty();
    }

    @Test
    void aWorkerWhoseEarlierLifeHoldsItsPoolTakesASecondOneAndNoThird() throws Exception {
        try (SharedPool frozen = SharedPool.create(folder(), IDENTITY);
                SharedPool second = SharedPool.create(folder(), IDENTITY)) {
            assertThat(second.path()).hasFileName("baton-kv-prefill-0@2.pool");
            assertThatThrownBy(() -> SharedPool.create(folder(), IDENTITY))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("2 processes hold pools of worker prefill-0");
            assertThat(frozen.path()).exists();
        }
        assertThat(files()).isEmpty();
    }

    @Test
    void aPeerReadsItAndCannotWrite() throws Exception {
        try (SharedPool pool = SharedPool.create(folder(), IDENTITY)) {
            pool.region().segment().set(ValueLayout.JAVA_LONG, 8, 42);
            try (PeerPool peer = PeerPool.map(pool.path(), folder(), IDENTITY)) {
                assertThat(peer.region().segment().get(ValueLayout.JAVA_LONG, 8))
                        .isEqualTo(42);
                assertThat(peer.region().segment().isReadOnly()).isTrue();
            }
        }
    }

    @Test
    void aMappingOutlivesItsOwner() throws Exception {
        SharedPool pool = SharedPool.create(folder(), IDENTITY);
        pool.region().segment().set(ValueLayout.JAVA_LONG, 8, 42);
        try (PeerPool peer = PeerPool.map(pool.path(), folder(), IDENTITY)) {
            pool.close();
            assertThat(peer.region().segment().get(ValueLayout.JAVA_LONG, 8)).isEqualTo(42);
        }
    }

    @Test
    void aPeerRefusesAFileThatIsNotWhatItsOwnerSaid() throws Exception {
        try (SharedPool pool = SharedPool.create(folder(), IDENTITY)) {
            Path elsewhere = Files.createDirectory(folder().resolve("elsewhere"));
            assertThatThrownBy(() -> PeerPool.map(pool.path(), elsewhere, IDENTITY))
                    .hasMessageContaining("not in our pool folder");
            assertThatThrownBy(() -> PeerPool.map(pool.path(), folder(), new PoolIdentity("prefill-0", 9, 9, LAYOUT)))
                    .hasMessageContaining("is not of worker");
            Path link = Files.createSymbolicLink(folder().resolve("link.pool"), pool.path());
            assertThatThrownBy(() -> PeerPool.map(link, folder(), IDENTITY)).hasMessageContaining("no pool file");
            Path cut = Files.copy(pool.path(), folder().resolve("cut.pool"));
            try (FileChannel channel = FileChannel.open(cut, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 1);
            }
            assertThatThrownBy(() -> PeerPool.map(cut, folder(), IDENTITY)).hasMessageContaining("its header says");
        }
    }
}
