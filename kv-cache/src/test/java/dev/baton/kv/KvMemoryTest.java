package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every kind of memory must do. */
class KvMemoryTest {
    private static final KvLayout LAYOUT = new KvLayout(
            List.of(new LayerGroup(0, 2, 2, 8, 16, 0), new LayerGroup(2, 1, 1, 32, 0, 64)),
            16,
            KvDtype.BF16,
            true,
            3,
            0,
            1);

    enum Kind {
        ADDRESSED {
            @Override
            KvMemory open(KvLayout layout) {
                return new HostKvMemory(new KvRegion(layout, MemorySegment.ofArray(new byte[(int) layout.bytes()])));
            }
        },
        BEHIND_A_HANDLE {
            @Override
            KvMemory open(KvLayout layout) throws IOException {
                return new FileKvMemory(layout);
            }
        };

        abstract KvMemory open(KvLayout layout) throws IOException;
    }

    private static ByteBuffer random(int layer, long seed) {
        byte[] bytes = new byte[Math.toIntExact(LAYOUT.layerBlockBytes(layer))];
        new Random(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] bytes(KvMemory memory, int layer, int block) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(LAYOUT.layerBlockBytes(layer)));
        memory.read(layer, block, buffer);
        assertThat(buffer.hasRemaining()).isFalse();
        return buffer.array();
    }

    private static void fill(KvMemory memory, long seed) {
        for (int layer = 0; layer < LAYOUT.layers(); layer++) {
            for (int block = 0; block < LAYOUT.blocks(); block++) {
                memory.write(layer, block, random(layer, seed + 31 * layer + block));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsWhatWasWrittenAndNothingBesideIt(Kind kind) throws IOException {
        KvMemory memory = kind.open(LAYOUT);
        fill(memory, 1);
        memory.write(1, 1, random(1, 99));
        assertThat(bytes(memory, 1, 1)).isEqualTo(random(1, 99).array());
        assertThat(bytes(memory, 1, 0)).isEqualTo(random(1, 32).array());
        assertThat(bytes(memory, 1, 2)).isEqualTo(random(1, 34).array());
        assertThat(bytes(memory, 2, 1)).isEqualTo(random(2, 64).array());
        assertThatThrownBy(() -> memory.write(1, 1, ByteBuffer.allocate(8))).hasMessageContaining("8 bytes");
        assertThatThrownBy(() -> memory.read(1, 3, random(1, 1))).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest
    @EnumSource
    void digestsOfTokensAddUpAndAreTheSameInEveryMemory(Kind kind) throws IOException {
        KvMemory memory = kind.open(LAYOUT);
        KvMemory host = Kind.ADDRESSED.open(LAYOUT);
        fill(memory, 7);
        fill(host, 7);
        for (int layer = 0; layer < LAYOUT.layers(); layer++) {
            KvDigest sum = KvDigest.ZERO;
            for (int token = 0; token < LAYOUT.blockTokens(); token++) {
                KvDigest one = memory.digest(layer, 1, token, token + 1);
                assertThat(one).isNotEqualTo(KvDigest.ZERO);
                sum = sum.plus(one);
            }
            assertThat(sum)
                    .isEqualTo(memory.digest(layer, 1, 0, 16))
                    .isEqualTo(host.digest(layer, 1, 0, 16))
                    .isNotEqualTo(memory.digest(layer, 0, 0, 16));
            assertThat(memory.digest(layer, 1, 3, 9)).isEqualTo(host.digest(layer, 1, 3, 9));
        }
        assertThat(memory.digest(0, 0, 5, 5)).isEqualTo(KvDigest.ZERO);
        assertThatThrownBy(() -> memory.digest(0, 0, 0, 17)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest
    @EnumSource
    void copiesALayerOfABlockAndDigestsTheCopy(Kind kind) throws IOException {
        KvMemory source = kind.open(LAYOUT);
        KvMemory target = kind.open(LAYOUT.withBlocks(5));
        fill(source, 3);
        fill(target, 4);
        for (int layer = 0; layer < LAYOUT.layers(); layer++) {
            assertThat(target.copyFrom(source, layer, 2, 1, 16))
                    .isEqualTo(source.digest(layer, 2, 0, 16))
                    .isEqualTo(target.digest(layer, 1, 0, 16));
            assertThat(bytes(target, layer, 1)).isEqualTo(bytes(source, layer, 2));
            assertThat(bytes(target, layer, 0))
                    .isEqualTo(random(layer, 4 + 31L * layer).array());
            assertThat(target.copyFrom(source, layer, 0, 2, 5))
                    .isEqualTo(source.digest(layer, 0, 0, 5))
                    .isEqualTo(target.digest(layer, 2, 0, 5));
        }
    }

    @ParameterizedTest
    @EnumSource
    void saysThatItCannotCopyFromAnotherKindOrLayoutAndMovesItsBytesInstead(Kind kind) throws IOException {
        KvMemory target = kind.open(LAYOUT);
        KvMemory other = kind == Kind.ADDRESSED ? Kind.BEHIND_A_HANDLE.open(LAYOUT) : Kind.ADDRESSED.open(LAYOUT);
        fill(other, 5);
        assertThatThrownBy(() -> target.copyFrom(other, 0, 0, 0, 16)).hasMessageContaining("no way from");
        KvMemory narrow = kind.open(KvLayout.uniform(3, 1, 8, 16, KvDtype.BF16, 3));
        assertThatThrownBy(() -> target.copyFrom(narrow, 0, 0, 0, 16)).hasMessageContaining("no way from");
        ByteBuffer moved = ByteBuffer.allocate(Math.toIntExact(LAYOUT.layerBlockBytes(0)));
        other.read(0, 2, moved);
        target.write(0, 1, moved.flip());
        assertThat(target.digest(0, 1, 0, 16)).isEqualTo(other.digest(0, 2, 0, 16));
    }
}
