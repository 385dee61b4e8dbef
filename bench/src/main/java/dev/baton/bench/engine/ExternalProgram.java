package dev.baton.bench.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** How the programs of an engine of others are started, and what they print. */
sealed interface ExternalProgram permits LlamaCpp, OpenVino, Transformers {
    String name();

    /** The starts that together measure the heat's cells. */
    List<Child> starts(BenchRun heat);

    /** Without it there is nothing to start. */
    Path executable();

    /** What a printed object says, if it is about a cell; our own scripts print {@code {"cell": "decode8", "per_second": 12.5}}. */
    default Optional<Rate> figure(JsonNode printed) {
        return printed.has("cell") && printed.has("per_second")
                ? Optional.of(new Rate(
                        Cell.parse(printed.path("cell").asString("")),
                        printed.path("per_second").asDouble()))
                : Optional.empty();
    }

    record Rate(Cell cell, double perSecond) {}
}
