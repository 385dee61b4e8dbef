package dev.baton.gateway.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TenantTagTest {
    @Test
    void namesTheFirstOnesAndCountsAllOthersAsOne() {
        TenantTag tag = new TenantTag(2);
        assertThat(tag.of("a")).isEqualTo("a");
        assertThat(tag.of("b")).isEqualTo("b");
        assertThat(tag.of("c")).isEqualTo("other");
        assertThat(tag.of("a")).as("for good").isEqualTo("a");
        assertThat(tag.of("d")).isEqualTo("other");
    }

    @Test
    void namesNobodyWhereNobodyIsToBeNamed() {
        assertThat(new TenantTag(0).of("a")).isEqualTo("other");
    }
}
