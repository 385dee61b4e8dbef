package dev.baton.transfer.pool;

import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.HostKvMemory;
import dev.baton.kv.KvMemory;
import dev.baton.kv.KvRegion;
import dev.baton.kv.NativeRecords;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * The KV pool of this worker: one file, mapped for as long as the pool is open, mode 0600, every byte allocated. A lock
 * file beside it is held while the process lives. A killed worker leaves both: its next life takes the pool over with what
 * is in it, peers on the host {@linkplain LocalPools read} it meanwhile, and in the end {@link OrphanPools} deletes it.
 * Closing unmaps and deletes both.
 */
public final class SharedPool implements AutoCloseable {
    /** Property that says where pool files lie. */
    public static final String FOLDER_SETTING = "baton.kv.pool-folder";

    /** For who holds the folder's lock: it only looks for dead pools, so what takes longer is frozen. */
    static final Duration FOLDER_PATIENCE = Duration.ofSeconds(5);

    private static final Logger LOG = System.getLogger(SharedPool.class.getName());
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Path path;
    private final PoolLock lock;
    private final Arena arena;
    private final PoolIdentity identity;
    private final KvRegion region;
    private final MemorySegment table;
    private final FileLedger ledger;
    private final AdoptedBlocks adopted;
    private boolean closed;

    private SharedPool(PoolSlot slot, Arena arena, PoolHeader header) throws IOException {
        this.path = slot.pool();
        this.lock = slot.lock();
        this.arena = arena;
        this.identity = header.identity();
        Set<OpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try (FileChannel channel = FileChannel.open(path, options)) {
            MemorySegment file = channel.map(MapMode.READ_WRITE, 0, header.fileBytes(), arena);
            Posix.populate(file, true);
            header.write(file);
            this.region = new KvRegion(
                    identity.layout(),
                    file.asSlice(header.kvOffset(), identity.layout().bytes()));
            this.table = file.asSlice(PoolHeader.FIXED_BYTES, header.table().bytes());
            this.ledger = ledger(memory(), true);
            this.adopted = slot.left().isPresent() ? adopt(slot.left().get()) : AdoptedBlocks.NONE;
        }
    }

    private FileLedger ledger(KvMemory memory, boolean digested) {
        NativeRecords records = NativeRecords.over(
                region, table, LedgerFormat.of(region.layout()).places(), digested);
        return new FileLedger(new LedgerWords(table), memory, records);
    }

    private AdoptedBlocks adopt(PoolHeader left) {
        FileLedger.Inventory inventory = ledger.takeOver();
        LOG.log(
                inventory.damaged() == 0 ? Level.INFO : Level.WARNING,
                "took over {0} of epoch {1}: {2} full blocks, {3} open ones, {4} damaged entries cleared",
                path,
                "%016x".formatted(left.identity().epoch()),
                inventory.blocks().named().size(),
                inventory.blocks().open().size(),
                inventory.damaged());
        return inventory.blocks();
    }

    /** {@code /dev/shm} where it exists, else a folder for mapped files under the system's temporary folder. */
    public static Path defaultFolder() {
        return Files.isDirectory(SHARED_MEMORY) && Files.isWritable(SHARED_MEMORY)
                ? SHARED_MEMORY
                : Path.of(System.getProperty("java.io.tmpdir"), "baton-kv");
    }

    /**
     * Takes over the pool that an earlier life of the worker left in the folder, or makes one. One of another version, layout
     * or model is deleted. A worker may have two pools there: the second, while a life that is frozen holds the first.
     *
     * @throws IOException when the folder cannot take it; the message names the setting
     */
    public static SharedPool create(Path folder, PoolIdentity identity) throws IOException {
        Files.createDirectories(folder);
        PoolFolder home = new PoolFolder(folder.toRealPath());
        Optional<PoolLock> alone = home.lock(FOLDER_PATIENCE);
        try {
            return open(home, identity);
        } finally {
            if (alone.isPresent()) {
                alone.get().close();
            }
        }
    }

    private static SharedPool open(PoolFolder home, PoolIdentity identity) throws IOException {
        PoolSlot slot = PoolSlot.take(home, identity);
        PoolHeader header = slot.left()
                .map(left -> left.takenOver(identity, slot.turn()))
                .orElseGet(() -> new PoolHeader(identity, 1, slot.turn()));
        Arena arena = Arena.ofShared();
        try {
            if (slot.left().isEmpty()) {
                allocate(home, slot.pool(), header.fileBytes());
            }
            return new SharedPool(slot, arena, header);
        } catch (IOException | RuntimeException e) {
            arena.close();
            Files.deleteIfExists(slot.pool());
            slot.lock().close();
            throw e;
        }
    }

    /** Makes a file of zeros. What dead workers left goes first when there is no room beside it. */
    private static void allocate(PoolFolder home, Path pool, long bytes) throws IOException {
        if (usable(home) < bytes) {
            long freed = home.removeDead();
            LOG.log(Level.INFO, "freed {0} bytes in {1} that workers left that died: room was needed", freed, home);
            if (usable(home) < bytes) {
                throw new IOException(tooSmall(home, bytes));
            }
        }
        Files.createFile(pool, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Posix.allocate(pool, bytes);
        } catch (IOException e) {
            throw new IOException(tooSmall(home, bytes), e);
        }
    }

    private static long usable(PoolFolder home) throws IOException {
        return Files.getFileStore(home.path()).getUsableSpace();
    }

    private static String tooSmall(PoolFolder home, long bytes) throws IOException {
        return ("the KV pool needs %d MiB in %s, which has %d MiB free: free some, enlarge it (a container's shm_size),"
                        + " configure fewer KV blocks, or set %s to a folder with room")
                .formatted(Math.ceilDiv(bytes, 1L << 20), home.path(), usable(home) >> 20, FOLDER_SETTING);
    }

    /**
     * Removes at once what killed workers left in the folder, where nothing will start again to use it. Pools of living
     * workers and of other users stay.
     *
     * @return bytes freed
     */
    public static long removeDead(Path folder) {
        try {
            return Files.isDirectory(folder) ? new PoolFolder(folder.toRealPath()).removeDead() : 0;
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot look for pools of dead workers in {0}: {1}", folder, e.getMessage());
            return 0;
        }
    }

    public PoolIdentity identity() {
        return identity;
    }

    /** The KV bytes, valid until the pool is closed. */
    public KvRegion region() {
        return region;
    }

    /** The same behind the seam to any kind of memory. */
    public KvMemory memory() {
        return new HostKvMemory(region);
    }

    /** What the file remembers of each block. For the engine's thread. */
    public BlockLedger ledger() {
        return ledger;
    }

    /**
     * For benches that ask what digests cost: instead of {@link #ledger}, one that reads no KV and says that all digests are
     * zero. What it wrote is of no use to others.
     */
    public BlockLedger ledgerWithoutDigests() {
        return ledger(new UndigestedMemory(memory()), false);
    }

    /** What was in the pool when this worker took it over; nothing when it is new. */
    public AdoptedBlocks adopted() {
        return adopted;
    }

    public Path path() {
        return path;
    }

    /** Unmaps and deletes. Sessions and the engine must have let go of the region before. */
    @Override
    public void close() {
        end(true);
    }

    /** Unmaps, and leaves the file to the worker's next life and to peers on the host, as a killed worker does. */
    public void leave() {
        end(false);
    }

    private void end(boolean delete) {
        if (closed) {
            return;
        }
        closed = true;
        try {
            arena.close();
        } finally {
            try {
                if (delete) {
                    Files.deleteIfExists(path);
                }
                lock.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot remove pool " + path, e);
            }
        }
    }
}
