package dev.baton.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.RequestTags;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TagLimitsTest {
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @Test
    void takesTheTraceContextOfAClient() {
        assertThat(TagLimits.traceparent(TRACE)).isEqualTo(TRACE);
        assertThat(TagLimits.traceparent(null)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"
            })
    void dropsWhatIsNoTraceContext(String header) {
        assertThat(TagLimits.traceparent(header)).isEmpty();
    }

    @Test
    void boundsEachTagInBytes() {
        assertThat(TagLimits.hold(RequestTags.newBuilder()
                        .setTenantClass("g".repeat(64))
                        .setTraceparent(TRACE)
                        .build()))
                .isTrue();
        assertThat(TagLimits.hold(RequestTags.newBuilder()
                        .setTenantClass("\u00e4".repeat(33))
                        .build()))
                .isFalse();
        assertThat(TagLimits.hold(
                        RequestTags.newBuilder().setTraceparent("t".repeat(65)).build()))
                .isFalse();
    }
}
