package dev.baton.bench.engine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An engine that is measured. */
sealed interface EngineUnderTest permits BatonEngine, ExternalEngine {
    String name();

    /** Runs each cell once. A cell that could not be measured is missing, and a failure says why. */
    Outcome measure(BenchRun heat);

    /** Tokens per second of each cell, and for people what went wrong. */
    record Outcome(Map<Cell, Double> rates, List<String> failures) {
        public Outcome {
            rates = new LinkedHashMap<>(rates);
            failures = List.copyOf(failures);
        }
    }
}
