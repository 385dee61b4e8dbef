package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrefixHasherTest {
    private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, 7};
    private final PrefixHasher hasher = new PrefixHasher(bytes("tenant"), 42, 2);

    /** Golden values: two processes of different versions must name blocks alike. Checked with hashlib. */
    @Test
    void namesAreTheSameInEveryVersion() {
        assertThat(hasher.chain(TOKENS))
                .map(BlockHash::toString)
                .containsExactly(
                        "f1878cb62b3a21dc67c720a01930ec70",
                        "d583271310c3cf986e1e3ed3c215a147",
                        "f344788b3bcc22d1d73aa01e514e3e8f");
    }

    /** Golden values too. Without an adapter names are as they were before there were adapters. */
    @Test
    void anAdapterChangesEveryName() {
        assertThat(new PrefixHasher(bytes("tenant"), 42, "lora-7", 2).chain(TOKENS))
                .map(BlockHash::toString)
                .containsExactly(
                        "9b6b33d764dd4521075d1bd48e66d1e1",
                        "93577c36171f3fe7570bf76bc20aea7c",
                        "4c2f18d1acdf7c7ad9f86cc96af0634a");
        assertThat(new PrefixHasher(bytes("tenant"), 42, "", 2).chain(TOKENS)).isEqualTo(hasher.chain(TOKENS));
    }

    @Test
    void aNameDependsOnEverythingBeforeIt() {
        List<BlockHash> chain = hasher.chain(TOKENS);
        List<BlockHash> other = hasher.chain(new int[] {9, 2, 3, 4, 5, 6});
        assertThat(other).doesNotContainAnyElementsOf(chain);
        assertThat(hasher.chain(new int[] {1, 2, 3, 9}).getFirst()).isEqualTo(chain.getFirst());
    }

    @Test
    void tenantAndModelEachChangeEveryName() {
        List<BlockHash> chain = hasher.chain(TOKENS);
        assertThat(new PrefixHasher(bytes("other!"), 42, 2).chain(TOKENS)).doesNotContainAnyElementsOf(chain);
        assertThat(new PrefixHasher(bytes("tenant"), 43, 2).chain(TOKENS)).doesNotContainAnyElementsOf(chain);
    }

    @Test
    void extendingAChainGivesTheWholeChain() {
        List<BlockHash> chain = new ArrayList<>(hasher.chain(new int[] {1, 2, 3}));
        assertThat(hasher.extend(chain, at -> TOKENS[at], TOKENS.length)).isEqualTo(hasher.chain(TOKENS));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
