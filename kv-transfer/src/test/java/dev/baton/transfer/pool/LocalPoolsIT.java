package dev.baton.transfer.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.AdoptedBlocks;
import dev.baton.transfer.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of a worker in another process that works, is killed, frozen, woken and started again. */
class LocalPoolsIT {
    private static final int[] INTO =
            IntStream.range(0, SequenceWriter.BLOCKS_OF_A_SEQUENCE).toArray();

    /** All that fit but the one that is being written and the one it is written over. */
    private static final int WHOLE = Rows.LAYOUT.blocks() / SequenceWriter.BLOCKS_OF_A_SEQUENCE - 2;

    /** Rounds over all sequences after which a reader of a working owner must have met with what it looks for. */
    private static final int MOST_ROUNDS = 20_000;

    @TempDir
    Path temporary;

    private Path folder;
    private SharedPool own;
    private LocalPools pools;

    @BeforeEach
    void start() throws IOException {
        folder = temporary.toRealPath();
        own = SharedPool.create(folder, Rows.identity("reader", 1));
        pools = new LocalPools(own);
    }

    @AfterEach
    void end() {
        assertThat(pools.failed()).as("blocks that did not have their digest").isZero();
        pools.close();
        own.close();
    }

    /** Restores what it can of all sequences, checks each row, and returns how many sequences came whole. */
    private int restoreAll() {
        int whole = 0;
        for (int sequence = 0; sequence < PoolOwner.SEQUENCES; sequence++) {
            int[] tokens = Rows.tokens(sequence, SequenceWriter.TOKENS);
            HeldRows held = pools.longest(Rows.chain(tokens), tokens, 0).orElse(null);
            int rows = held == null ? 0 : pools.copy(held, INTO);
            for (int at = 0; at < rows; at += Rows.BLOCK_TOKENS) {
                int expected = Math.min(Rows.BLOCK_TOKENS, rows - at);
                assertThat(Rows.right(own.region(), INTO[at / Rows.BLOCK_TOKENS], tokens, at, expected))
                        .as("rows of sequence %d from %d", sequence, at)
                        .isEqualTo(expected);
            }
            whole += rows == SequenceWriter.TOKENS ? 1 : 0;
        }
        return whole;
    }

    /** Reads beside a working owner until it has met with whole sequences and with such as were written over. */
    private void readWhileItWorks() {
        int hits = 0;
        int misses = 0;
        for (int round = 0; hits < 200 || misses < 200; round++) {
            assertThat(round)
                    .as("rounds, with %d hits and %d misses", hits, misses)
                    .isLessThan(MOST_ROUNDS);
            int whole = restoreAll();
            hits += whole;
            misses += PoolOwner.SEQUENCES - whole;
        }
    }

    @Test
    void readsBesideItsOwnerAndAfterItsDeathAndTheNextLifeTakesItOver() throws Exception {
        Path file;
        try (ChildJvm owner = PoolOwner.start(folder, "worker", 1)) {
            file = Path.of(owner.await("file"));
            owner.await("round");
            readWhileItWorks();
            owner.kill();
        }
        assertThat(restoreAll()).isGreaterThanOrEqualTo(WHOLE);
        try (ChildJvm next = PoolOwner.start(folder, "worker", 2)) {
            assertThat(next.await("file")).isEqualTo(file.toString());
            assertThat(Integer.parseInt(next.await("adopted"))).isGreaterThanOrEqualTo(3 * WHOLE);
            next.await("round");
            readWhileItWorks();
        }
        SharedPool.removeDead(folder);
        assertThat(file).doesNotExist();
        assertThat(restoreAll()).isZero();
    }

    @Test
    void whatAKilledOwnerLeftHasTheDigestsUnderWhichItIsTakenOver() throws Exception {
        for (int life = 1; life <= 5; life++) {
            try (ChildJvm owner = PoolOwner.start(folder, "worker", life)) {
                owner.await("round");
                owner.kill();
            }
            SharedPool next = SharedPool.create(folder, Rows.identity("worker", 100 + life));
            assertThat(next.adopted().named()).hasSizeGreaterThanOrEqualTo(3 * WHOLE);
            for (AdoptedBlocks.Named block : next.adopted().named()) {
                assertThat(next.ledger().matches(block.block()))
                        .as("life %d", life)
                        .isTrue();
            }
            next.leave();
        }
    }

    @Test
    void aFrozenOwnerIsReadAndReplacedAndOnceWokenCausesOnlyMisses() throws Exception {
        try (ChildJvm frozen = PoolOwner.start(folder, "worker", 1)) {
            Path first = Path.of(frozen.await("file"));
            frozen.await("round");
            frozen.freeze();
            assertThat(restoreAll()).isGreaterThanOrEqualTo(WHOLE);
            OrphanPools orphans = new OrphanPools(folder, Duration.ZERO);
            assertThat(orphans.sweep(0))
                    .as("a frozen owner's pool is no orphan")
                    .isZero();
            try (ChildJvm second = PoolOwner.start(folder, "worker", 2)) {
                assertThat(Path.of(second.await("file"))).isNotEqualTo(first).hasFileName("baton-kv-worker@2.pool");
                second.await("round");
            }
            int[] tokens = Rows.tokens(0, SequenceWriter.TOKENS);
            HeldRows held = pools.longest(Rows.chain(tokens), tokens, 0).orElse(null);
            frozen.forgetLines();
            frozen.thaw();
            frozen.await("round");
            if (held != null) {
                assertThat(pools.copy(held, INTO)).isBetween(0, held.rows());
            }
            readWhileItWorks();
        }
        SharedPool.removeDead(folder);
        assertThat(PoolFolder.lockOf(own.path())).exists();
        assertThat(new PoolFolder(folder).pools()).containsExactly(own.path());
    }
}
