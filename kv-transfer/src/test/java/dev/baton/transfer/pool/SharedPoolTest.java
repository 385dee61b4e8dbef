package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.LayerGroup;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedPoolTest {
    private static final KvLayout LAYOUT = new KvLayout(
            List.of(new LayerGroup(0, 2, 2, 8, 8, 0), new LayerGroup(2, 1, 1, 16, 0, 128)), 16, KvDtype.BF16, 10, 1, 2);
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
    void theHeaderHasTheBytesThatOtherVersionsWillRead() throws Exception {
        try (SharedPool pool = SharedPool.create(folder(), IDENTITY)) {
            byte[] file = Files.readAllBytes(pool.path());
            String fixed = "4241544f4e4b5650" // BATONKVP
                    + "01000000" // version
                    + "00000000"
                    + "0084100000000000" // file bytes
                    + "0020100000000000" // first KV byte
                    + "0064000000000000" // KV bytes
                    + "0010000000000000" // first journal byte
                    + "0010100000000000" // journal bytes
                    + "00000000" // journal version
                    + "48000000"; // description bytes
            assertThat(HexFormat.of().formatHex(file, 0, 64)).isEqualTo(fixed);
            String description = "0a140a09" // worker
                    + HexFormat.of().formatHex("prefill-0".getBytes(StandardCharsets.US_ASCII))
                    + "11" + "0807060504030201" // epoch
                    + "11" + "1817161514131211" // fingerprint
                    + "1a27" // layout
                    + "0a08" + "1002" + "1802" + "2008" + "2808"
                    + "0a0b" + "0802" + "1001" + "1801" + "2010" + "308001"
                    + "1010" + "1802" + "2204" + "42463136" + "2801" + "3002" + "380a";
            int length = description.length() / 2;
            assertThat(HexFormat.of().formatHex(file, 64, 64 + length)).isEqualTo(description);
            assertThat(length).isEqualTo(0x48);
            assertThat(file).hasSize(0x108400);
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
    void removesWhatADeadWorkerLeftAndKeepsWhatALivingOneHolds() throws Exception {
        Files.writeString(folder().resolve("baton-kv-dead-0000000000000001.lock"), "");
        Files.writeString(folder().resolve("baton-kv-dead-0000000000000001.pool"), "left over");
        Files.writeString(folder().resolve("somebody-else.pool"), "not ours");
        PoolIdentity second = new PoolIdentity("decode-0", 2, 3, LAYOUT);
        try (SharedPool living = SharedPool.create(folder(), IDENTITY);
                SharedPool other = SharedPool.create(folder(), second)) {
            assertThat(files())
                    .containsExactlyInAnyOrder(
                            living.path().getFileName().toString(),
                            "baton-kv-prefill-0-0102030405060708.lock",
                            other.path().getFileName().toString(),
                            "baton-kv-decode-0-0000000000000002.lock",
                            "somebody-else.pool");
        }
    }

    @Test
    void givesBackWhatADeadWorkerHeldWithoutMakingAPool() throws Exception {
        Files.writeString(folder().resolve("baton-kv-dead-0000000000000001.lock"), "");
        Files.writeString(folder().resolve("baton-kv-dead-0000000000000001.pool"), "left over");
        try (SharedPool living = SharedPool.create(folder().resolve("other"), IDENTITY)) {
            assertThat(SharedPool.removeDead(folder())).isEqualTo("left over".length());
            assertThat(SharedPool.removeDead(folder().resolve("other"))).isZero();
            assertThat(living.path()).exists();
        }
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
    void refusesTheSameLifeOfAWorkerTwice() throws Exception {
        try (SharedPool pool = SharedPool.create(folder(), IDENTITY)) {
            assertThatThrownBy(() -> SharedPool.create(folder(), IDENTITY))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is alive");
            assertThat(pool.path()).exists();
        }
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
