package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenCountsTest {
    @Test
    void countsWhatAMapCounts() {
        Random random = new Random(4);
        for (int range : new int[] {1, 10, 1_000, 1 << 20}) {
            int[] prompt = random.ints(300, 0, range).toArray();
            Map<Integer, Integer> expected = new HashMap<>();
            Arrays.stream(prompt).forEach(token -> expected.put(token, 0));
            TokenCounts counts = new TokenCounts(prompt, prompt.length);
            for (int i = 0; i < 2_000; i++) {
                int token = random.nextInt(range);
                expected.merge(token, 1, Integer::sum);
                counts.add(token);
            }
            Map<Integer, Integer> actual = new HashMap<>();
            for (int i = 0; i < counts.size(); i++) {
                actual.put(counts.token(i), counts.generated(i));
            }
            assertThat(actual).isEqualTo(expected).hasSize(counts.size());
        }
    }
}
