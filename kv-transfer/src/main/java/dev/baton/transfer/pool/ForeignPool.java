package dev.baton.transfer.pool;

import dev.baton.kv.BlockHash;
import dev.baton.kv.HostKvMemory;
import dev.baton.kv.KvMemory;
import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Another pool of this host, whose owner may be alive, frozen or dead, mapped read-only with an index of its names. The index
 * says where to look; a user of what it finds reads it again in the table. Only {@link LocalPools} calls, under its lock.
 */
final class ForeignPool implements AutoCloseable {
    private final Arena arena;
    private final PoolHeader header;
    private final MemorySegment file;
    private final LedgerReader ledger;
    private final KvMemory memory;

    private final long[] indexed;
    private final @Nullable BlockHash[] names;
    private final @Nullable Parent[] parents;
    private final Map<BlockHash, Set<Integer>> byName = new HashMap<>();
    private final Map<Parent, Set<Integer>> byParent = new HashMap<>();
    private final Set<Integer> damaged = new HashSet<>();
    private long indexedChanges = -1;

    /** What an open block follows: a block, or nothing. */
    record Parent(@Nullable BlockHash name) {}

    private ForeignPool(Arena arena, PoolHeader header, MemorySegment file) {
        this.arena = arena;
        this.header = header;
        this.file = file;
        LedgerFormat format = header.table();
        this.ledger = new LedgerReader(format, new LedgerWords(file.asSlice(PoolHeader.FIXED_BYTES, format.bytes())));
        this.memory = new HostKvMemory(new KvRegion(
                header.identity().layout(),
                file.asSlice(header.kvOffset(), header.identity().layout().bytes())));
        this.indexed = new long[format.blocks()];
        Arrays.fill(indexed, -1);
        this.names = new BlockHash[format.blocks()];
        this.parents = new Parent[format.blocks()];
    }

    static ForeignPool map(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            PoolHeader header = PoolSlot.header(channel);
            return new ForeignPool(arena, header, channel.map(MapMode.READ_ONLY, 0, header.fileBytes(), arena));
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    PoolHeader header() {
        return header;
    }

    LedgerReader ledger() {
        return ledger;
    }

    KvMemory memory() {
        return memory;
    }

    /** False when another life of its worker has taken the pool over since it was mapped. */
    boolean sameLife() {
        return PoolHeader.generation(file) == header.generation();
    }

    /**
     * Looks at the entries that have changed since the last time.
     *
     * @return entries that turned out to be damaged just now
     */
    int index() {
        long changes = ledger.changes();
        if (changes == indexedChanges) {
            return 0;
        }
        int found = 0;
        for (int block = 0; block < indexed.length; block++) {
            long sequence = ledger.sequence(block);
            // An entry that is being changed is looked at each time: its owner may have died over it.
            if (sequence != indexed[block] || (sequence & 1) != 0) {
                indexed[block] = sequence;
                found += index(block) ? 1 : 0;
            }
        }
        indexedChanges = changes;
        return found;
    }

    private boolean index(int block) {
        BlockHash before = names[block];
        if (before != null) {
            byName.computeIfPresent(before, (name, blocks) -> blocks.remove(block) && blocks.isEmpty() ? null : blocks);
        }
        Parent followed = parents[block];
        if (followed != null) {
            byParent.getOrDefault(followed, Set.of()).remove(block);
        }
        BlockHash name = ledger.sealed(block).map(LedgerReader.Sealed::name).orElse(null);
        names[block] = name;
        if (name != null) {
            byName.computeIfAbsent(name, key -> new HashSet<>(1)).add(block);
        }
        Parent parent =
                ledger.open(block).map(open -> new Parent(open.parent())).orElse(null);
        parents[block] = parent;
        if (parent != null) {
            byParent.computeIfAbsent(parent, key -> new HashSet<>()).add(block);
        }
        return ledger.condition(block) == LedgerReader.Condition.DAMAGED && damaged.add(block);
    }

    @Nullable
    Integer named(BlockHash name) {
        return byName.getOrDefault(name, Set.of()).stream().findAny().orElse(null);
    }

    /** The block after a parent that begins with most of a sequence's tokens from {@code from} on; null when none does. */
    LedgerReader.@Nullable Open open(@Nullable BlockHash parent, int[] sequence, int from) {
        LedgerReader.Open best = null;
        for (int block : byParent.getOrDefault(new Parent(parent), Set.of())) {
            LedgerReader.Open open = ledger.open(block).orElse(null);
            if (open != null
                    && new Parent(open.parent()).equals(new Parent(parent))
                    && open.common(sequence, from) > (best == null ? 0 : best.common(sequence, from))) {
                best = open;
            }
        }
        return best;
    }

    /** Blocks of a chain, from its block {@code from} on, that are here one after the other. */
    int[] run(List<BlockHash> chain, int from) {
        return chain.subList(Math.min(from, chain.size()), chain.size()).stream()
                .map(this::named)
                .takeWhile(block -> block != null)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    @Override
    public void close() {
        arena.close();
    }
}
