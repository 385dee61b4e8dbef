package dev.baton.transfer.pool;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The place of a worker's pool in its folder, under the pool's lock.
 *
 * @param left header of the pool that an earlier life left there and that this one can take over
 * @param turn higher than that of any other pool of the worker
 */
record PoolSlot(Path pool, PoolLock lock, Optional<PoolHeader> left, long turn) {
    private static final Logger LOG = System.getLogger(PoolSlot.class.getName());

    /** The free slot with the pool that was taken last, else the first free one. What cannot be taken over is deleted. */
    static PoolSlot take(PoolFolder folder, PoolIdentity identity) throws IOException {
        List<PoolSlot> free = new ArrayList<>();
        long turn = 1;
        try {
            for (int number = 1; number <= PoolFolder.SLOTS; number++) {
                Path pool = folder.pool(identity.workerId(), number);
                turn = Math.max(turn, turn(pool) + 1);
                Optional<PoolLock> lock = PoolLock.tryAcquire(PoolFolder.lockOf(pool));
                if (lock.isPresent()) {
                    // In the list before anything can fail, so that its lock is given back.
                    free.add(new PoolSlot(pool, lock.get(), Optional.empty(), 0));
                    free.set(free.size() - 1, new PoolSlot(pool, lock.get(), left(pool, identity), 0));
                }
            }
        } catch (IOException | RuntimeException e) {
            for (PoolSlot slot : free) {
                slot.lock.close();
            }
            throw e;
        }
        PoolSlot best = free.stream()
                .max(Comparator.comparingLong(
                        slot -> slot.left.map(PoolHeader::turn).orElse(0L)))
                .orElseThrow(() -> new IOException(
                        "%d processes hold pools of worker %s in %s: give each worker its own id, or end those that are frozen"
                                .formatted(PoolFolder.SLOTS, identity.workerId(), folder.path())));
        for (PoolSlot slot : free) {
            if (slot != best) {
                slot.lock.close();
            }
        }
        return new PoolSlot(best.pool, best.lock, best.left, turn);
    }

    /** Turn of a pool, held by whomever; 0 where none can be read. */
    private static long turn(Path pool) {
        try {
            return header(pool).turn();
        } catch (IOException e) {
            return 0;
        }
    }

    private static Optional<PoolHeader> left(Path pool, PoolIdentity identity) throws IOException {
        if (!Files.exists(pool, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            PoolHeader header = readable(pool);
            requireSame(header.identity(), identity);
            return Optional.of(header);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "deleted {0}, which cannot be taken over: {1}", pool, e.getMessage());
            Files.delete(pool);
            return Optional.empty();
        }
    }

    private static PoolHeader readable(Path pool) throws IOException {
        if (!PoolFolder.sameOwner(pool, PoolFolder.lockOf(pool))) {
            throw new IOException("it is a link or another user's");
        }
        return header(pool);
    }

    /** The header of a file that has all the bytes of which it speaks. */
    static PoolHeader header(Path pool) throws IOException {
        try (FileChannel channel = FileChannel.open(pool, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            return header(channel);
        }
    }

    static PoolHeader header(FileChannel channel) throws IOException {
        if (channel.size() < PoolHeader.FIXED_BYTES) {
            throw new IOException("pool file without a header");
        }
        try (Arena start = Arena.ofConfined()) {
            PoolHeader header = PoolHeader.read(channel.map(MapMode.READ_ONLY, 0, PoolHeader.FIXED_BYTES, start));
            if (channel.size() != header.fileBytes()) {
                throw new IOException(
                        "pool file of %d bytes, its header says %d".formatted(channel.size(), header.fileBytes()));
            }
            return header;
        }
    }

    private static void requireSame(PoolIdentity theirs, PoolIdentity own) throws IOException {
        if (!theirs.workerId().equals(own.workerId())) {
            throw new IOException("it is of worker " + theirs.workerId());
        }
        if (theirs.modelFingerprint() != own.modelFingerprint()) {
            throw new IOException("its model has fingerprint %016x (%s), ours %016x (%s)"
                    .formatted(
                            theirs.modelFingerprint(), theirs.arithmetic(), own.modelFingerprint(), own.arithmetic()));
        }
        if (!theirs.arithmetic().equals(own.arithmetic())) {
            throw new IOException(
                    "its KV was computed in %s, ours is in %s".formatted(theirs.arithmetic(), own.arithmetic()));
        }
        if (!theirs.layout().equals(own.layout())) {
            throw new IOException("its layout is %s, ours %s".formatted(theirs.layout(), own.layout()));
        }
    }
}
