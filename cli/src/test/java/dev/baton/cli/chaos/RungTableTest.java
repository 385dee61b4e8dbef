package dev.baton.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class RungTableTest {
    private static final String RECOVERY = """
        {"rung":%s,"tokens":100,"recomputed":%d,"detected_millis":1,"claimed_millis":%s,"restored_millis":5,
         "first_token_millis":%s}
        """;

    private final RungTable table = new RungTable(List.of(
            recovery("\"pool\"", 1, "10", "20"),
            recovery("\"pool\"", 3, "10", "20"),
            recovery("\"prefill\"", 100, "10", "500"),
            recovery("\"prefill\"", 100, "10", "null"),
            recovery("null", 0, "null", "40")));

    @Test
    void countsByRungWhatGotToATokenAgain() {
        assertThat(table.text().lines())
                .anyMatch(line -> line.matches("\\| pool +\\| +2 \\| .* 4 of 200 \\|"))
                .anyMatch(line -> line.matches("\\| prefill +\\| +1 \\| .* 100 of 100 \\|"))
                .anyMatch(line -> line.matches("\\| unknown +\\| +1 \\| .* 0 of 100 \\|"));
        ObjectNode json = JsonMapper.shared().createObjectNode();
        table.writeTo(json);
        assertThat(json.path("pool").path("first_token").path("count").asInt()).isEqualTo(2);
        assertThat(json.path("unknown").path("claimed").path("count").asInt()).isZero();
    }

    @Test
    void isEmptyWhereNothingWasRecovered() {
        assertThat(new RungTable(List.of()).text()).isEmpty();
    }

    private static JsonNode recovery(String rung, int recomputed, String claimed, String token) {
        return JsonMapper.shared().readTree(RECOVERY.formatted(rung, recomputed, claimed, token));
    }
}
