package dev.baton.transfer.pool;

import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/** Another worker's pool on this host, mapped read-only. Stays readable when its owner dies. */
public final class PeerPool implements AutoCloseable {
    private final Arena arena;
    private final KvRegion region;

    private PeerPool(Arena arena, KvRegion region) {
        this.arena = arena;
        this.region = region;
    }

    /**
     * Maps a pool file after checking that it is what its owner said: a pool in our own pool folder, no link, of the
     * owner and epoch that we talk to, with the sizes that its layout asks for.
     */
    public static PeerPool map(Path file, Path folder, PoolIdentity owner) throws IOException {
        Path parent = file.getParent();
        if (parent == null || !parent.equals(folder)) {
            throw new IOException("pool file %s is not in our pool folder %s".formatted(file, folder));
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("no pool file " + file);
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            PoolHeader header = PoolSlot.header(channel);
            if (!header.identity().sameAs(owner)) {
                throw new IOException("pool file %s is not of worker %s, epoch %016x"
                        .formatted(file, owner.workerId(), owner.epoch()));
            }
            MemorySegment kv = channel.map(
                    MapMode.READ_ONLY, header.kvOffset(), owner.layout().bytes(), arena);
            Posix.populate(kv, false);
            return new PeerPool(arena, new KvRegion(owner.layout(), kv));
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public KvRegion region() {
        return region;
    }

    @Override
    public void close() {
        arena.close();
    }
}
