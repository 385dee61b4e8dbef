package dev.baton.engine;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvMemory;
import dev.baton.kv.OpenBlock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A ledger in this process's heap, over real bytes: what a pool file remembers, without the file. */
final class RememberingLedger implements BlockLedger {
    final Map<Integer, Sealed> sealed = new HashMap<>();
    final Map<Integer, Open> open = new HashMap<>();
    private @Nullable KvMemory memory;

    record Sealed(@Nullable BlockHash parent, BlockHash name, List<KvDigest> digests) {}

    record Open(@Nullable BlockHash parent, int[] tokens) {}

    void over(KvMemory bytes) {
        memory = bytes;
    }

    private List<KvDigest> digests(int block) {
        KvMemory bytes = memory;
        List<KvDigest> digests = new ArrayList<>();
        for (int layer = 0; bytes != null && layer < bytes.layout().layers(); layer++) {
            digests.add(bytes.digest(layer, block, 0, bytes.layout().blockTokens()));
        }
        return digests;
    }

    @Override
    public void seal(int block, @Nullable BlockHash parent, BlockHash name) {
        open.remove(block);
        sealed.put(block, new Sealed(parent, name, digests(block)));
    }

    @Override
    public void record(List<OpenBlock> blocks) {
        for (OpenBlock block : blocks) {
            int[] tokens = Arrays.copyOfRange(block.tokens(), block.from(), block.from() + block.rows());
            open.put(block.block(), new Open(block.parent(), tokens));
        }
    }

    @Override
    public void forget(int block) {
        sealed.remove(block);
        open.remove(block);
    }

    @Override
    public boolean matches(int block) {
        Sealed known = sealed.get(block);
        return known != null && known.digests().equals(digests(block));
    }

    @Override
    public Optional<KvDigest> digest(int block, int layer) {
        return Optional.ofNullable(sealed.get(block))
                .map(known -> known.digests().get(layer));
    }
}
