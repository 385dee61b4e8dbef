package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.checkpoint.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Every published way to write rotary scaling, against the frequencies that {@code transformers} makes of it. */
class RopeTest {
    static Stream<Arguments> ways() throws IOException {
        return new ObjectMapper()
                .readTree(Files.readAllBytes(Reference.RESOURCES.resolve("rope.json")))
                .valueStream()
                .map(way -> Arguments.of(way.path("name").asString(), way));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void frequenciesAreThoseOfTransformers(String name, JsonNode way, @TempDir Path folder) throws IOException {
        ModelConfig config = read(way, way.path("served").asInt(), folder);
        Rope rope = config.ropeFor(false);
        assertThat(rope.magnitude()).isCloseTo((float) way.path("magnitude").asDouble(), within(1e-6f));
        assertThat(rope.frequencies()).hasSize(way.path("frequencies").size());
        for (int i = 0; i < rope.frequencies().length; i++) {
            float expected = (float) way.path("frequencies").path(i).asDouble();
            assertThat(rope.frequencies()[i]).isCloseTo(expected, within(expected * 1e-6f));
        }
    }

    @Test
    void theServedContextChoosesTheFactorsOfLongRope(@TempDir Path folder) throws IOException {
        JsonNode way = ways().map(arguments -> (JsonNode) arguments.get()[1])
                .filter(one -> one.path("name").asString().equals("longrope beyond it"))
                .findFirst()
                .orElseThrow();
        ModelConfig own = read(way, 0, folder);
        ModelConfig shorter = read(way, 4096, folder);
        assertThat(own.maxContext).isEqualTo(131_072);
        assertThat(shorter.maxContext).isEqualTo(4096);
        assertThat(own.ropeFor(false))
                .isNotEqualTo(shorter.ropeFor(false))
                .isEqualTo(read(way, 4097, folder).ropeFor(false));
    }

    private static ModelConfig read(JsonNode way, int served, Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), way.path("config").toString());
        return ModelConfig.read(ModelFiles.of(folder), served);
    }
}
