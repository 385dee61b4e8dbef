package dev.baton.transfer.pool;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvMemory;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The other pools of this host, read where they lie. Their owners may be alive, frozen or dead: no lock is taken, and nothing
 * that an owner does can make a copy wrong, for a copy counts only when its bytes have the digests under which they were
 * found, and block and pool still have the name and the life that they had. Anything else is a miss.
 *
 * <p>Any thread but the engine's. Searches go one after the other; copies go side by side.
 */
public final class LocalPools implements AutoCloseable {
    private static final Logger LOG = System.getLogger(LocalPools.class.getName());

    private final Path own;
    private final PoolIdentity identity;
    private final KvMemory memory;
    private final PoolFolder folder;
    private final Map<Path, Known> known = new HashMap<>();
    private final ReentrantLock searching = new ReentrantLock();
    private final ReentrantReadWriteLock mappings = new ReentrantReadWriteLock();
    private final LongAdder failed = new LongAdder();
    private boolean closed;

    /** A file that was mapped. */
    private record Known(Object fileKey, ForeignPool pool) {}

    /** @param own the pool into which rows are copied; open for longer than this */
    public LocalPools(SharedPool own) {
        this.own = own.path();
        this.identity = own.identity();
        this.memory = own.memory();
        Path parent = own.path().getParent();
        if (parent == null) {
            throw new IllegalArgumentException("pool without a folder: " + own.path());
        }
        this.folder = new PoolFolder(parent);
    }

    /** Blocks and entries so far that did not have their digest or checksum. */
    public long failed() {
        return failed.sum();
    }

    /**
     * The pool that holds most of a sequence's rows from a block on, in one run.
     *
     * @param chain names of the sequence's full blocks
     * @param tokens of the sequence, from its start
     * @param from index of the first block that is wanted
     */
    public Optional<HeldRows> longest(List<BlockHash> chain, int[] tokens, int from) {
        searching.lock();
        try {
            if (closed) {
                return Optional.empty();
            }
            refresh();
            return known.entrySet().stream()
                    .map(entry -> find(entry.getKey(), entry.getValue().pool(), chain, tokens, from))
                    .filter(held -> held.rows() > 0)
                    .max(Comparator.comparingInt(HeldRows::rows));
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot read the pools in {0}: {1}", folder.path(), e.getMessage());
            return Optional.empty();
        } finally {
            searching.unlock();
        }
    }

    private HeldRows find(Path path, ForeignPool pool, List<BlockHash> chain, int[] tokens, int from) {
        failed.add(pool.index());
        int[] blocks = pool.run(chain, from);
        int next = from + blocks.length;
        int blockTokens = memory.layout().blockTokens();
        HeldRows.OpenRows open = null;
        if (next * blockTokens < tokens.length && next <= chain.size()) {
            BlockHash parent = next == 0 ? null : chain.get(next - 1);
            LedgerReader.Open found = pool.open(parent, tokens, next * blockTokens);
            if (found != null) {
                int common = found.common(tokens, next * blockTokens);
                open = new HeldRows.OpenRows(found.block(), parent, Arrays.copyOf(found.tokens(), common));
            }
        }
        return new HeldRows(
                path,
                pool.header().identity().workerId(),
                pool.header().generation(),
                from,
                chain.subList(Math.min(from, chain.size()), Math.min(next, chain.size())),
                blocks,
                open,
                blockTokens);
    }

    /**
     * Copies rows into blocks that are reserved for them, in their order, and checks what it has copied.
     *
     * @param into as many blocks as {@code held.count()}, or fewer for the first ones only
     * @return tokens, from the first block on, whose KV is there; what lies behind them is undefined
     */
    public int copy(HeldRows held, int[] into) {
        mappings.readLock().lock();
        try {
            Known at = known(held.pool());
            if (at == null || at.pool().header().generation() != held.generation()) {
                return 0;
            }
            ForeignPool pool = at.pool();
            int rows = 0;
            for (int i = 0; i < Math.min(into.length, held.count()); i++) {
                int copied = i < held.blocks().length
                        ? full(pool, held.blocks()[i], held.names().get(i), into[i])
                        : open(pool, held, into[i]);
                rows += copied;
                if (copied < held.blockTokens()) {
                    break;
                }
            }
            return rows;
        } finally {
            mappings.readLock().unlock();
        }
    }

    private @Nullable Known known(Path path) {
        synchronized (known) {
            return known.get(path);
        }
    }

    private int full(ForeignPool pool, int from, BlockHash name, int to) {
        int tokens = memory.layout().blockTokens();
        Optional<LedgerReader.Sealed> sealed =
                pool.ledger().sealed(from).filter(entry -> entry.name().equals(name));
        if (sealed.isEmpty()) {
            return 0;
        }
        boolean same = copies(pool, from, to, tokens, sealed.get().digests());
        return whole(same, pool, pool.ledger().still(sealed.get())) ? tokens : 0;
    }

    private int open(ForeignPool pool, HeldRows held, int to) {
        HeldRows.OpenRows wanted = held.open();
        if (wanted == null) {
            return 0;
        }
        int[] tokens = wanted.tokens();
        Optional<LedgerReader.Open> open = pool.ledger()
                .open(wanted.block())
                .filter(entry -> new ForeignPool.Parent(entry.parent()).equals(new ForeignPool.Parent(wanted.parent())))
                .filter(entry -> entry.common(tokens, 0) == tokens.length);
        if (open.isEmpty()) {
            return 0;
        }
        // The digest is of all rows of the record: all are copied and checked, and the sequence's are used.
        int rows = open.get().tokens().length;
        boolean same = copies(pool, wanted.block(), to, rows, open.get().digests());
        return whole(same, pool, pool.ledger().still(open.get(), rows)) ? tokens.length : 0;
    }

    private boolean copies(ForeignPool pool, int from, int to, int rows, List<KvDigest> digests) {
        for (int layer = 0; layer < digests.size(); layer++) {
            if (!memory.copyFrom(pool.memory(), layer, from, to, rows).equals(digests.get(layer))) {
                return false;
            }
        }
        return true;
    }

    /** Bytes that differ under an entry that has stayed are damaged; under one that has changed, their owner lives. */
    private boolean whole(boolean same, ForeignPool pool, boolean still) {
        if (!same && still && pool.sameLife()) {
            failed.increment();
        }
        return same && still && pool.sameLife();
    }

    /** Maps what is new in the folder, and lets go of what is gone or has a new life. */
    private void refresh() throws IOException {
        Map<Path, Known> now = new HashMap<>();
        for (Path path : folder.pools()) {
            if (path.equals(own)) {
                continue;
            }
            Object fileKey = fileKey(path);
            if (fileKey == null) {
                continue;
            }
            Known before = known(path);
            boolean same = before != null
                    && before.fileKey().equals(fileKey)
                    && before.pool().sameLife();
            if (same) {
                now.put(path, before);
            } else {
                map(path).ifPresent(pool -> now.put(path, new Known(fileKey, pool)));
            }
        }
        replace(now);
    }

    private void replace(Map<Path, Known> now) {
        List<ForeignPool> gone = known.values().stream()
                .filter(entry -> !now.containsValue(entry))
                .map(Known::pool)
                .toList();
        synchronized (known) {
            known.clear();
            known.putAll(now);
        }
        if (!gone.isEmpty()) {
            // Waits for copies under way.
            mappings.writeLock().lock();
            try {
                gone.forEach(ForeignPool::close);
            } finally {
                mappings.writeLock().unlock();
            }
        }
    }

    private static @Nullable Object fileKey(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (IOException e) {
            // Deleted a moment ago.
            return null;
        }
    }

    /** Empty where the KV is not ours to use, or the pool is just being made. */
    private Optional<ForeignPool> map(Path path) {
        try {
            if (!PoolFolder.sameOwner(path, own)) {
                return Optional.empty();
            }
            ForeignPool pool = ForeignPool.map(path);
            PoolIdentity theirs = pool.header().identity();
            if (theirs.modelFingerprint() == identity.modelFingerprint()
                    && memory.layout().compatibleWith(theirs.layout())) {
                return Optional.of(pool);
            }
            pool.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "{0} is not read: {1}", path, e.getMessage());
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        searching.lock();
        try {
            closed = true;
            replace(Map.of());
        } finally {
            searching.unlock();
        }
    }
}
