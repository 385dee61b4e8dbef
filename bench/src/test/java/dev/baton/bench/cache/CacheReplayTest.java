package dev.baton.bench.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.kv.BlockPool;
import dev.baton.kv.CacheForecast;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pool beside what published policies find in the same trace. */
class CacheReplayTest {
    private static ConversationTrace trace;

    @BeforeAll
    static void read() throws IOException {
        trace = ConversationTrace.read();
        assertThat(trace.prompts()).hasSize(12_031);
        assertThat(trace.blocks()).isEqualTo(288_500);
    }

    /** Each policy's published share at a size, and the most that any could find. */
    @ParameterizedTest
    @CsvSource({
        "1000, .0445, .0558, .0481, .1907",
        "3000, .0650, .0958, .0755, .2945",
        "5859, .1355, .1573, .1081, .3532",
        "10000, .2112, .2018, .1967, .3664",
        "30000, .3257, .2854, .3121, .3664"
    })
    void findsAtEachSizeWhatTheBestOfThreePoliciesFinds(int blocks, double lru, double s3, double slru, double most) {
        CacheReplay tried = new CacheReplay(new BlockPool(blocks)).run(trace);
        assertThat(tried.hitShare())
                .isGreaterThan(Math.max(lru, Math.max(s3, slru)))
                .isLessThan(most);
        CacheForecast forecast = tried.forecast();
        assertThat(forecast.hits() / (double) forecast.touches())
                .as("what the shadow of this size finds")
                .isCloseTo(tried.hitShare(), within(0.005));
        assertThat(forecast.hitsOfTwice()).isGreaterThan(forecast.hits());
    }

    @ParameterizedTest
    @CsvSource({"1000, .0445", "10000, .2112"})
    void withNothingGuardedItIsLeastRecentlyUsed(int blocks, double share) {
        assertThat(new CacheReplay(BlockPool.withGuardedShare(blocks, 0))
                        .run(trace)
                        .hitShare())
                .isCloseTo(share, within(0.002));
    }
}
