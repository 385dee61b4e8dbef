package dev.baton.transfer.pool;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.PrefixHasher;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** KV whose every word follows from the tokens up to it, so that a wrong row is seen. Keys and values have two
 * elements; keys are turned. */
final class Rows {
    static final int BLOCK_TOKENS = 8;
    static final int HEADS = 3;
    static final KvLayout LAYOUT =
            KvLayout.uniform(3, HEADS, 2, BLOCK_TOKENS, KvDtype.F32, 24).withTurnedKeys();
    static final long FINGERPRINT = 0x1112131415161718L;

    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows() {}

    static PoolIdentity identity(String worker, long epoch) {
        return new PoolIdentity(worker, epoch, FINGERPRINT, "f32, made up", LAYOUT);
    }

    /** The tokens of the sequence of that number. */
    static int[] tokens(int sequence, int length) {
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = Math.floorMod((int) mix(31L * sequence + i), 1000);
        }
        return tokens;
    }

    static List<BlockHash> chain(int[] tokens) {
        return new PrefixHasher(new byte[0], FINGERPRINT, BLOCK_TOKENS).chain(tokens);
    }

    static @Nullable BlockHash parent(List<BlockHash> chain, int block) {
        return block == 0 ? null : chain.get(block - 1);
    }

    /** Writes one token of a sequence into a block. {@code stored}: runs after each word. */
    static void write(KvRegion region, int block, int[] tokens, int at, Runnable stored) {
        for (int layer = 0; layer < LAYOUT.layers(); layer++) {
            MemorySegment bytes = region.layerBlock(layer, block);
            for (int slice = 0; slice < 2 * HEADS; slice++) {
                long element = element(layer, slice, tokens, at);
                bytes.set(WORD, offset(slice, at % BLOCK_TOKENS, 0), (int) element);
                stored.run();
                bytes.set(WORD, offset(slice, at % BLOCK_TOKENS, 1), (int) (element >> 32));
                stored.run();
            }
        }
    }

    /** How many tokens of a block, from its first, are those of the sequence from {@code from} on; at most {@code rows}. */
    static int right(KvRegion region, int block, int[] tokens, int from, int rows) {
        for (int row = 0; row < rows; row++) {
            for (int layer = 0; layer < LAYOUT.layers(); layer++) {
                MemorySegment bytes = region.layerBlock(layer, block);
                for (int slice = 0; slice < 2 * HEADS; slice++) {
                    long element = element(layer, slice, tokens, from + row);
                    if (bytes.get(WORD, offset(slice, row, 0)) != (int) element
                            || bytes.get(WORD, offset(slice, row, 1)) != (int) (element >> 32)) {
                        return row;
                    }
                }
            }
        }
        return rows;
    }

    private static long offset(int slice, int row, int word) {
        boolean turned = slice < HEADS;
        return 4L * (slice * 2 * BLOCK_TOKENS + (turned ? word * BLOCK_TOKENS + row : row * 2 + word));
    }

    /** Both words of a key or value. */
    private static long element(int layer, int slice, int[] tokens, int at) {
        long context = 0;
        for (int i = 0; i <= at; i++) {
            context = mix(context + tokens[i]);
        }
        return mix(context + 1_000L * layer + slice);
    }

    private static long mix(long word) {
        long odd = (word + 0x9E37_79B9_7F4A_7C15L) * 0xBF58_476D_1CE4_E5B9L;
        return odd ^ (odd >>> 31);
    }
}
