package dev.baton.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Structure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is remembered of structures, and what those of one request cost. */
class CheckedStructuresTest {
    private final CheckedStructures structures = new CheckedStructures();

    private static Structure schema(String schema) {
        return Structure.newBuilder().setJsonSchema(schema).build();
    }

    /** About a quarter of what a request may cost. */
    private static Structure dear(int number) {
        return Structure.newBuilder()
                .setRegex("x{" + number + "}(a|b)*a(a|b){13}")
                .build();
    }

    @Test
    void whatClientsSendIsNotKept() {
        String name = "n".repeat(40_000);
        for (int i = 0; i < 300; i++) {
            String twice = "\"" + name + i + "\":1";
            List<Optional<String>> faults = structures.faults(Collections.nCopies(
                    16, schema("{" + twice + "," + twice + ",\"description\":\"" + "d".repeat(100_000) + "\"}")));
            assertThat(faults)
                    .allSatisfy(fault -> assertThat(fault.orElseThrow())
                            .contains("Duplicate")
                            .hasSizeLessThan(2_000));
        }
        assertThat(structures.keptBytes()).isBetween(1, 1 << 20);
    }

    @Test
    void theLastOnesAreRemembered() {
        List<Structure> asked = List.of(schema("{\"type\":\"null\"}"), schema("{\"not\":{}}"));
        List<Optional<String>> faults = structures.faults(asked);
        assertThat(faults.get(0)).isEmpty();
        assertThat(faults.get(1)).isPresent();
        assertThat(structures.faults(List.copyOf(asked))).isSameAs(faults);
        for (int i = 0; i < 256; i++) {
            structures.isGood(schema("{\"maxItems\":" + i + ",\"not\":{}}"));
        }
        assertThat(structures.faults(asked)).isNotSameAs(faults).isEqualTo(faults);
    }

    @Test
    void allOfOneRequestCostAsMuchAsOne() {
        List<Structure> asked = new ArrayList<>();
        for (int i = 0; i < 128; i++) {
            asked.add(dear(i));
        }
        List<Optional<String>> faults = structures.faults(asked);
        int good = (int) faults.stream().takeWhile(Optional::isEmpty).count();
        assertThat(good).isBetween(1, 8);
        assertThat(faults.get(good).orElseThrow()).contains("too large");
        assertThat(faults.subList(good + 1, faults.size()))
                .allSatisfy(fault -> assertThat(fault.orElseThrow()).contains("before it"));
        assertThat(structures.isGood(asked.getLast())).as("by itself").isTrue();
        assertThat(structures.faults(asked)).as("again").isEqualTo(faults);
    }
}
