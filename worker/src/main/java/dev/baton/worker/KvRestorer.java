package dev.baton.worker;

import dev.baton.kv.BlockHash;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Generation;
import dev.baton.transfer.pool.HeldRows;
import dev.baton.transfer.pool.LocalPools;
import dev.baton.worker.Restored.Rung;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Brings KV of a sequence that other workers have computed, in part or whole, into blocks that are reserved for it here. It is found by content:
 * full blocks by their names, the last one by the tokens in it. So it does not matter whose pool it is, nor whether its
 * owner is dead, frozen or alive. Blocks the caller; any thread but the engine's.
 */
public final class KvRestorer implements AutoCloseable {
    private final LocalPools pools;
    private final long fingerprint;
    private final int blockTokens;
    private final WorkerMetrics metrics;
    private final LateHolders late = new LateHolders(System::nanoTime);

    KvRestorer(LocalPools pools, long modelFingerprint, int blockTokens, WorkerMetrics metrics) {
        this.pools = pools;
        this.fingerprint = modelFingerprint;
        this.blockTokens = blockTokens;
        this.metrics = metrics;
        metrics.droppedElsewhere(pools);
    }

    /** For a sequence that goes on here from a worker that is gone: {@link #bring}, counted as a recovery. */
    public Restored restore(Generation generation, PeerFetch peers, int[] blocks, int cachedTokens) {
        Restored restored = bring(generation, peers, blocks, cachedTokens);
        metrics.restored(restored);
        return restored;
    }

    /** For a prompt of which another worker holds more than this one: {@link #bring}, counted as a fetch. */
    public Restored fetch(Generation generation, PeerFetch peers, int[] blocks, int cachedTokens) {
        Restored fetched = bring(generation, peers, blocks, cachedTokens);
        metrics.fetched(fetched, Math.max(0, fetched.found() - cachedTokens));
        return fetched;
    }

    /**
     * Copies what it finds on this host, then fetches what is missing of the full blocks.
     *
     * @param peers who may hold blocks
     * @param blocks for all tokens in order
     * @param cachedTokens whole blocks from the start that are in place already
     */
    private Restored bring(Generation generation, PeerFetch peers, int[] blocks, int cachedTokens) {
        long started = System.nanoTime();
        int[] tokens = KnownTokens.of(generation);
        int first = cachedTokens / blockTokens;
        List<BlockHash> chain = new PrefixHasher(
                        generation.getTenantSalt().toByteArray(), fingerprint, generation.getAdapter(), blockTokens)
                .chain(tokens);
        Optional<HeldRows> held = pools.longest(chain, tokens, first);
        int copied = held.map(rows -> pools.copy(rows, Arrays.copyOfRange(blocks, first, blocks.length)))
                .orElse(0);
        int next = first + copied / blockTokens;
        int fetched = copied % blockTokens == 0 && next < chain.size()
                ? blockTokens
                        * peers.fetch(
                                chain.subList(next, chain.size()), Arrays.copyOfRange(blocks, next, chain.size()), late)
                : 0;
        int found = Math.min(cachedTokens + copied + fetched, tokens.length - 1);
        return new Restored(
                Rung.of(copied, fetched, cachedTokens),
                tokens.length,
                found,
                Duration.ofNanos(System.nanoTime() - started));
    }

    @Override
    public void close() {
        pools.close();
    }
}
