package dev.baton.engine.bench;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** How the programs of an engine of others are started, and what they print. */
sealed interface RivalProgram permits LlamaCpp, OpenVino {
    String name();

    /** The starts that together measure the heat's cells. */
    List<Child> starts(Heat heat);

    /** What a printed object says, if it is about a cell. */
    Optional<Rate> figure(JsonNode printed);

    record Rate(Cell cell, double perSecond) {}
}
