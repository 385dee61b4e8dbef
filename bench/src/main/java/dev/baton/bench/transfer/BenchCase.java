package dev.baton.bench.transfer;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.session.SessionLimits;
import dev.baton.transfer.session.TransportChoice;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One measured combination; crosses to the sending process as words.
 *
 * @param blockKib one layer of one block
 * @param poolMib bytes moved in each round: far more than any cache
 */
record BenchCase(KvTransportKind transport, int blockKib, Digests digests, int poolMib, int rounds) {
    /** Where the digests come from under which the receiver takes the blocks. */
    enum Digests {
        /** From nowhere: none are checked. */
        NONE,
        /** The sender makes them of bytes in no cache, as it announces them: a prompt's blocks, later than any prefill would. */
        MADE,
        /** They were stored when the blocks were made: blocks by name. */
        STORED
    }

    private static final int LAYERS = 16;
    private static final int BLOCK_TOKENS = 64;
    private static final int DIM = 128;

    static BenchCase parse(List<String> words) {
        return new BenchCase(
                KvTransportKind.valueOf(words.get(0)),
                Integer.parseInt(words.get(1)),
                Digests.valueOf(words.get(2)),
                Integer.parseInt(words.get(3)),
                Integer.parseInt(words.get(4)));
    }

    List<String> words() {
        return List.of(
                transport.name(),
                Integer.toString(blockKib),
                digests.name(),
                Integer.toString(poolMib),
                Integer.toString(rounds));
    }

    KvLayout layout() {
        int headBytes = 2 * DIM * KvDtype.BF16.bytes() * BLOCK_TOKENS;
        int heads = Math.max(1, (blockKib << 10) / headBytes);
        int blocks = Math.toIntExact(((long) poolMib << 20) / ((long) LAYERS * heads * headBytes));
        return KvLayout.uniform(LAYERS, heads, DIM, BLOCK_TOKENS, KvDtype.BF16, blocks);
    }

    PoolIdentity identity(String worker) {
        return new PoolIdentity(worker, 1, 1, layout());
    }

    int tokens() {
        return layout().blocks() * BLOCK_TOKENS;
    }

    /** All blocks of the sender's pool in order; the receiver takes them in {@link #reversed} order. */
    int[] blocks() {
        return IntStream.range(0, layout().blocks()).toArray();
    }

    int[] reversed() {
        int last = layout().blocks() - 1;
        return IntStream.rangeClosed(0, last).map(block -> last - block).toArray();
    }

    /** Of the blocks, in the same order. */
    List<BlockHash> names() {
        return IntStream.range(0, layout().blocks())
                .mapToObj(block -> new BlockHash(block, ~block))
                .toList();
    }

    AttemptKey key(int round) {
        return new AttemptKey("round " + round, 1, 1);
    }

    TransferSettings settings() {
        return new TransferSettings(
                new ClusterSecret("a secret for the bench only"),
                null,
                "bench",
                transport == KvTransportKind.TCP ? TransportChoice.TCP : TransportChoice.SHARED_MEMORY,
                digests != Digests.NONE,
                Duration.ofMinutes(10),
                new SessionLimits(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(10),
                        4,
                        1024,
                        SessionLimits.defaults().creditBytes()));
    }

    String name() {
        return "%s %4d KiB, digests %s".formatted(transport, blockKib, digests);
    }
}
