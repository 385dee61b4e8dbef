package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KvDigestTest {
    private static MemorySegment random(int bytes) {
        byte[] data = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(data);
        return MemorySegment.ofArray(data);
    }

    private static long byDefinition(MemorySegment bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.byteSize() / 8; i++) {
            sum += bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i) * (2L * i + 1);
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 56, 64, 72, 1024, 65_528, 65_536, 65_544, 65_600, 200_000, 1 << 20})
    void isTheSumOfWordsWithOddWeights(int bytes) {
        MemorySegment data = random(bytes);
        assertThat(KvDigest.of(data)).isEqualTo(byDefinition(data));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 72, 65_544, 200_000})
    void copiesWhatItDigests(int bytes) {
        MemorySegment from = random(bytes);
        MemorySegment to = MemorySegment.ofArray(new byte[bytes]);
        assertThat(KvDigest.copy(from, to)).isEqualTo(byDefinition(from));
        assertThat(to.mismatch(from)).isEqualTo(-1);
    }

    @Test
    void showsEachSingleChangedByte() {
        MemorySegment data = random(512);
        long before = KvDigest.of(data);
        for (int at = 0; at < 512; at++) {
            byte kept = data.get(ValueLayout.JAVA_BYTE, at);
            data.set(ValueLayout.JAVA_BYTE, at, (byte) (kept + 1));
            assertThat(KvDigest.of(data)).as("byte %d", at).isNotEqualTo(before);
            data.set(ValueLayout.JAVA_BYTE, at, kept);
        }
    }
}
