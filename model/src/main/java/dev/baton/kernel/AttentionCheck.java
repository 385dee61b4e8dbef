package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;

/** What must hold before an attention kernel touches memory: it writes where it is told. */
final class AttentionCheck {
    private AttentionCheck() {}

    static void check(Attention.Heads heads, Attention.Pool pool, Attention.Batch batch, Attention.Operands of) {
        boolean possible = switch (pool.dtype()) {
            case BF16, F32 -> true;
            case F16, I8 -> false;
        };
        if (!possible) {
            throw new IllegalArgumentException(
                    "attention over KV of %s: BF16 and F32 are possible".formatted(pool.dtype()));
        }
        if (heads.keyDim() * pool.dtype().bytes() % 4 != 0) {
            throw new IllegalArgumentException("turned keys of %d elements of %s do not fill words of 4 bytes"
                    .formatted(heads.keyDim(), pool.dtype()));
        }
        of.query().holding(batch.rows(), (long) heads.heads() * heads.keyDim());
        of.key().holding(batch.rows(), (long) heads.kvHeads() * heads.keyDim());
        of.value().holding(batch.rows(), (long) heads.kvHeads() * heads.valueDim());
        of.out().holding(batch.rows(), (long) heads.heads() * heads.valueDim());
        long need = (long) heads.kvHeads()
                * (heads.keyDim() + heads.valueDim())
                * pool.blockTokens()
                * pool.dtype().bytes();
        if (pool.blockBytes() < need || pool.layer().byteSize() % pool.blockBytes() != 0) {
            throw new IllegalArgumentException(
                    "blocks of %d bytes where %d are needed".formatted(pool.blockBytes(), need));
        }
        long blocks = pool.layer().byteSize() / pool.blockBytes();
        for (int i = 0; i < batch.count(); i++) {
            int row = batch.slices().getAtIndex(JAVA_INT, i * 4L);
            int rows = batch.slices().getAtIndex(JAVA_INT, i * 4L + 1);
            int position = batch.slices().getAtIndex(JAVA_INT, i * 4L + 2);
            int first = batch.slices().getAtIndex(JAVA_INT, i * 4L + 3);
            if (row < 0 || rows < 1 || position < 0 || row + rows > batch.rows()) {
                throw new IllegalArgumentException(
                        "slice %d: %d rows from %d at position %d".formatted(i, rows, row, position));
            }
            int entries = Math.ceilDiv(position + rows, pool.blockTokens());
            for (int b = 0; b < entries; b++) {
                int block = batch.blocks().getAtIndex(JAVA_INT, first + b);
                if (block < 0 || block >= blocks) {
                    throw new IndexOutOfBoundsException("slice %d: block %d of %d".formatted(i, block, blocks));
                }
            }
        }
    }
}
