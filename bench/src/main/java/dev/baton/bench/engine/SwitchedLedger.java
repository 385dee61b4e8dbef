package dev.baton.bench.engine;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.KvDigest;
import dev.baton.kv.OpenBlock;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A pool's ledger of which a bench leaves parts out while its engine rests, with the time that the parts take. */
final class SwitchedLedger implements BlockLedger {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final BlockLedger whole;
    private final BlockLedger undigested;
    private Parts parts = Parts.ALL;
    private Nanos nanos = Nanos.ZERO;

    /** What is done for a block's sake beside computing it. Digests that are not made cannot be checked. */
    enum Parts {
        ALL(true, true, true),
        NONE(false, false, false),
        NO_RECORDS(false, true, true),
        NO_DIGESTS(true, false, false),
        NO_HIT_CHECKS(true, true, false);

        private final boolean records;
        private final boolean digests;
        private final boolean hitChecks;

        Parts(boolean records, boolean digests, boolean hitChecks) {
            this.records = records;
            this.digests = digests;
            this.hitChecks = hitChecks;
        }
    }

    /** Time of this thread on a processor: what others run meanwhile does not count. */
    static long cpuNanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /** Time within calls: records of open blocks, names of full ones, checks of shared ones. */
    record Nanos(long records, long names, long hitChecks) {
        static final Nanos ZERO = new Nanos(0, 0, 0);

        private Nanos plus(long record, long name, long check) {
            return new Nanos(records + record, names + name, hitChecks + check);
        }
    }

    /** @param undigested over the same table, with digests that are zero */
    SwitchedLedger(BlockLedger whole, BlockLedger undigested) {
        this.whole = whole;
        this.undigested = undigested;
    }

    /** Starts the clock anew with these parts. */
    void use(Parts now) {
        parts = now;
        nanos = Nanos.ZERO;
    }

    /** Since {@link #use}. */
    Nanos nanos() {
        return nanos;
    }

    private BlockLedger ledger() {
        return parts.digests ? whole : undigested;
    }

    @Override
    public void seal(int block, @Nullable BlockHash parent, BlockHash name) {
        if (parts != Parts.NONE) {
            long start = cpuNanos();
            ledger().seal(block, parent, name);
            nanos = nanos.plus(0, cpuNanos() - start, 0);
        }
    }

    @Override
    public void record(List<OpenBlock> open) {
        if (parts.records) {
            long start = cpuNanos();
            ledger().record(open);
            nanos = nanos.plus(cpuNanos() - start, 0, 0);
        }
    }

    @Override
    public void forget(int block) {
        if (parts != Parts.NONE) {
            long start = cpuNanos();
            ledger().forget(block);
            nanos = nanos.plus(0, cpuNanos() - start, 0);
        }
    }

    @Override
    public boolean matches(int block) {
        if (!parts.hitChecks) {
            return true;
        }
        long start = cpuNanos();
        boolean matches = whole.matches(block);
        nanos = nanos.plus(0, 0, cpuNanos() - start);
        return matches;
    }

    @Override
    public Optional<KvDigest> digest(int block, int layer) {
        return whole.digest(block, layer);
    }
}
