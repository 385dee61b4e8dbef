package dev.baton.bench.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** An engine of others: programs that are started for each heat and print a JSON object per figure. */
final class ExternalEngine implements EngineUnderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ExternalProgram program;
    private final Duration limit;

    /** @param limit of each start of a program */
    ExternalEngine(ExternalProgram program, Duration limit) {
        this.program = program;
        this.limit = limit;
    }

    @Override
    public String name() {
        return program.name();
    }

    @Override
    public Outcome measure(BenchRun heat) {
        Map<Cell, Double> rates = new LinkedHashMap<>();
        List<String> failures = new ArrayList<>();
        for (Child child : program.starts(heat)) {
            try {
                for (String line : child.run(limit)) {
                    read(line, heat, rates);
                }
            } catch (Child.Failed e) {
                failures.add("%s, %s: %s".formatted(name(), heat.title(), e.getMessage()));
            }
        }
        if (failures.isEmpty() && !rates.keySet().containsAll(heat.cells())) {
            failures.add("%s, %s: gave figures for %s only".formatted(name(), heat.title(), rates.keySet()));
        }
        return new Outcome(rates, failures);
    }

    private void read(String line, BenchRun heat, Map<Cell, Double> rates) {
        if (!line.startsWith("{")) {
            return;
        }
        try {
            JsonNode figure = JSON.readTree(line);
            program.figure(figure).ifPresent(rate -> {
                if (heat.cells().contains(rate.cell())) {
                    rates.put(rate.cell(), rate.perSecond());
                }
            });
        } catch (JacksonException e) {
            // a line of a log that begins like an object
        }
    }
}
