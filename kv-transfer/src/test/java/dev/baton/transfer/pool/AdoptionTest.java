package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker finds again after a restart. */
class AdoptionTest {
    @TempDir
    Path temporary;

    private Path folder() throws IOException {
        return temporary.toRealPath();
    }

    private SharedPool start(long epoch) throws IOException {
        return SharedPool.create(folder(), Rows.identity("decode-0", epoch));
    }

    /** A life that decodes some sequences and is killed. */
    private Path life(long epoch, int from, int to) throws IOException {
        SharedPool pool = start(epoch);
        SequenceWriter writer = new SequenceWriter(pool.region(), pool.ledger(), () -> {});
        for (int sequence = from; sequence < to; sequence++) {
            writer.decode(sequence);
        }
        pool.leave();
        return pool.path();
    }

    private static void flip(Path file, long at, int bit) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, at);
            channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 1 << bit)}), at);
        }
    }

    @Test
    void takesOverWhatItsEarlierLifeLeft() throws IOException {
        life(1, 0, 6);
        try (SharedPool pool = start(2)) {
            assertThat(pool.identity().epoch()).isEqualTo(2);
            AdoptedBlocks adopted = pool.adopted();
            assertThat(adopted.named()).hasSize(18);
            assertThat(adopted.open()).hasSize(6);
            BlockPool blocks = new BlockPool(Rows.LAYOUT.blocks());
            assertThat(adopted.restoreInto(blocks)).hasSize(18);
            blocks.checkIntegrity();
            for (int sequence = 0; sequence < 6; sequence++) {
                int[] tokens = Rows.tokens(sequence, SequenceWriter.TOKENS);
                List<BlockHash> chain = Rows.chain(tokens);
                assertThat(blocks.find(chain)).isEqualTo(3);
                int[] shared = blocks.share(chain, 3);
                for (int i = 0; i < 3; i++) {
                    assertThat(pool.ledger().matches(shared[i])).isTrue();
                    assertThat(Rows.right(pool.region(), shared[i], tokens, 8 * i, 8))
                            .isEqualTo(8);
                }
            }
            assertThat(blocks.allocate(6).orElseThrow())
                    .as("the open blocks, as nothing else is free")
                    .containsExactlyInAnyOrder(
                            adopted.open().stream().mapToInt(i -> i).toArray());
        }
        assertThat(folder()).isEmptyDirectory();
    }

    @Test
    void aNewPoolHasNothingToTakeOver() throws IOException {
        try (SharedPool pool = start(1)) {
            assertThat(pool.adopted()).isEqualTo(AdoptedBlocks.NONE);
        }
    }

    @Test
    void ofTwoPoolsThatItsLivesLeftItTakesTheOneThatWasTakenLast() throws IOException {
        SharedPool frozen = start(1);
        Path second = life(2, 0, 2);
        assertThat(second).hasFileName("baton-kv-decode-0@2.pool");
        frozen.leave();
        try (SharedPool pool = start(3)) {
            assertThat(pool.path()).isEqualTo(second);
            assertThat(pool.adopted().named()).hasSize(6);
            assertThat(frozen.path()).as("an orphan").exists();
        }
    }

    @Test
    void aFlippedBitInABlockShowsAtItsFirstUse() throws IOException {
        Path file = life(1, 0, 1);
        long kv = PoolSlot.header(file).kvOffset();
        flip(file, kv + Rows.LAYOUT.offset(1, 2) + 5, 7);
        try (SharedPool pool = start(2)) {
            assertThat(pool.adopted().named()).hasSize(3);
            assertThat(pool.ledger().matches(0)).isTrue();
            assertThat(pool.ledger().matches(2)).isFalse();
        }
    }

    @Test
    void anyFlippedBitOfAnEntryLosesItsBlockAndNoOther() throws IOException {
        Path file = life(1, 0, 1);
        LedgerFormat format = LedgerFormat.of(Rows.LAYOUT);
        byte[] whole = Files.readAllBytes(file);
        for (long at = LedgerFormat.NAME; at < format.digest(0, Rows.LAYOUT.layers()); at += 3) {
            if (at >= LedgerFormat.CHECKSUM + 8 && at < LedgerFormat.DIGESTS) {
                continue;
            }
            Files.write(file, whole, StandardOpenOption.WRITE);
            flip(file, PoolHeader.FIXED_BYTES + format.entry(1) + at, (int) (at % 8));
            SharedPool pool = start(2);
            assertThat(pool.adopted().named().stream().map(AdoptedBlocks.Named::block))
                    .as("byte %d", at)
                    .containsExactly(0, 2);
            pool.leave();
        }
    }

    @Test
    void deletesAPoolWithADamagedHeader() throws IOException {
        Path file = life(1, 0, 1);
        byte[] whole = Files.readAllBytes(file);
        // The generation alone has no checksum: another number there does no harm.
        int end = 80 + Rows.identity("decode-0", 1).describe().getSerializedSize();
        for (int at = 0; at < end; at = at == 54 ? 64 : at + 2) {
            Files.write(file, whole);
            flip(file, at, at % 8);
            SharedPool pool = start(2);
            assertThat(pool.adopted()).as("byte %d", at).isEqualTo(AdoptedBlocks.NONE);
            pool.close();
            Files.createFile(file);
        }
    }

    @Test
    void deletesAPoolOfAnotherModelLayoutOrVersion() throws IOException {
        life(1, 0, 1);
        try (SharedPool other = SharedPool.create(
                folder(), new PoolIdentity("decode-0", 2, Rows.FINGERPRINT + 1, "f32, other", Rows.LAYOUT))) {
            assertThat(other.adopted()).isEqualTo(AdoptedBlocks.NONE);
        }
        life(1, 0, 1);
        KvLayout larger = KvLayout.uniform(3, Rows.HEADS, 2, Rows.BLOCK_TOKENS, KvDtype.F32, 25);
        try (SharedPool other = SharedPool.create(
                folder(), new PoolIdentity("decode-0", 2, Rows.FINGERPRINT, "f32, made up", larger))) {
            assertThat(other.adopted()).isEqualTo(AdoptedBlocks.NONE);
        }
        Files.write(folder().resolve("baton-kv-decode-0.pool"), new byte[] {1, 2, 3});
        try (SharedPool other = start(2)) {
            assertThat(other.adopted()).isEqualTo(AdoptedBlocks.NONE);
        }
        assertThat(folder()).isEmptyDirectory();
    }

    @Test
    void aLinkIsNotTakenOver() throws IOException {
        Path target = life(1, 0, 1);
        Path elsewhere = Files.move(
                target, Files.createDirectory(folder().resolve("elsewhere")).resolve("a.pool"));
        Files.createSymbolicLink(target, elsewhere);
        byte[] before = Files.readAllBytes(elsewhere);
        try (SharedPool pool = start(2)) {
            assertThat(pool.adopted()).isEqualTo(AdoptedBlocks.NONE);
        }
        assertThat(Files.readAllBytes(elsewhere)).isEqualTo(before);
    }

    @Test
    void recordsSurviveAHalfChangedEntry() throws IOException {
        Path file = life(1, 0, 1);
        LedgerFormat format = LedgerFormat.of(Rows.LAYOUT);
        flip(file, PoolHeader.FIXED_BYTES + format.entry(2) + LedgerFormat.SEQUENCE, 0);
        try (SharedPool pool = start(2)) {
            assertThat(pool.adopted().named()).hasSize(2);
            assertThat(pool.adopted().open()).containsExactly(2, 3);
        }
    }

    @Test
    void adoptsFiveThousandBlocksWithoutReadingThem() throws IOException {
        KvLayout many = KvLayout.uniform(2, 1, 2, 4, KvDtype.F32, 5_000);
        PoolIdentity identity = new PoolIdentity("decode-0", 1, 7, "f32", many);
        SharedPool first = SharedPool.create(folder(), identity);
        for (int block = 0; block < 5_000; block++) {
            BlockHash parent = block % 100 == 0 ? null : new BlockHash(block - 1, 1);
            first.ledger().seal(block, parent, new BlockHash(block, 1));
        }
        first.leave();
        try (SharedPool second = SharedPool.create(folder(), identity)) {
            BlockPool pool = new BlockPool(5_000);
            assertThat(second.adopted().restoreInto(pool)).hasSize(5_000);
            pool.checkIntegrity();
        }
    }
}
