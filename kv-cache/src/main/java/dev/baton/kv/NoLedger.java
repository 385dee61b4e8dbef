package dev.baton.kv;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** See {@link BlockLedger#NONE}. */
final class NoLedger implements BlockLedger {
    @Override
    public void seal(int block, @Nullable BlockHash parent, BlockHash name) {}

    @Override
    public void record(List<OpenBlock> open) {}

    @Override
    public void forget(int block) {}

    @Override
    public boolean matches(int block) {
        return true;
    }

    @Override
    public Optional<KvDigest> digest(int block, int layer) {
        return Optional.empty();
    }
}
