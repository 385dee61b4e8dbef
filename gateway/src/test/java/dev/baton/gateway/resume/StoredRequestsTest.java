package dev.baton.gateway.resume;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoredRequestsTest {
    /** Whatever workers the other gateway sees. */
    @ParameterizedTest
    @NullSource
    @ValueSource(strings = "fp_0123456789abcdef")
    void anotherGatewayNamesTheBitsThatTheFirstOneNamed(@Nullable String fingerprint) throws IOException {
        Instant deadline = Instant.EPOCH.plusSeconds(60);
        GenerationRequest generation = new GenerationRequest(
                "r",
                "tenant",
                "m",
                new int[] {1},
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(9).build(),
                0,
                deadline,
                RequestTags.getDefaultInstance(),
                null);
        PreparedRequest prepared = new PreparedRequest(
                "cmpl-r",
                0,
                "m",
                Shape.COMPLETION,
                List.of(generation),
                1,
                List.of(),
                true,
                false,
                null,
                fingerprint,
                false,
                null,
                null,
                List.of(),
                "");
        try (ModelTokenizer tokenizer = ModelTokenizer.open(Path.of("..", "models", "demo"))) {
            ServedModel model = new ServedModel("m", tokenizer, 256, Sampling.getDefaultInstance(), 0);
            assertThat(new StoredRequests(model)
                            .prepared(StoredRequests.parse(StoredRequests.write(prepared, "key")), deadline)
                            .systemFingerprint())
                    .isEqualTo(fingerprint);
        }
    }
}
