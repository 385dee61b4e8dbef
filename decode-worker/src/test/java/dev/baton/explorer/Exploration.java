package dev.baton.explorer;

import dev.baton.gateway.dispatch.UsageSink;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/** Runs one after another, from a seed on. */
final class Exploration {
    private final UsageSink usage;
    private final int choices;
    final Map<Faults.Kind, Integer> faults = new EnumMap<>(Faults.Kind.class);
    final Map<String, Integer> outcomes = new TreeMap<>();
    long steps;
    long tokens;
    int runs;
    long longestWaitMillis;

    /** @param choices most of a request */
    Exploration(UsageSink usage, int choices) {
        this.usage = usage;
        this.choices = choices;
    }

    /** @throws AssertionError with what was wrong and what came before it */
    Explorer.Report run(long seed) {
        Explorer.Report report;
        try {
            report = new Explorer(seed, choices, false, usage).run();
        } catch (AssertionError wrong) {
            // Once more, to tell how it came to that.
            new Explorer(seed, choices, true, usage).run();
            throw wrong;
        }
        runs++;
        steps += report.steps();
        tokens += report.tokens();
        longestWaitMillis = Math.max(longestWaitMillis, report.longestWaitMillis());
        report.faults().forEach((kind, count) -> faults.merge(kind, count, Integer::sum));
        report.outcomes().forEach((outcome, count) -> outcomes.merge(outcome, count, Integer::sum));
        return report;
    }

    @Override
    public String toString() {
        return "%d runs, %d steps, %d tokens, longest wait %d ms, faults %s, ends %s"
                .formatted(runs, steps, tokens, longestWaitMillis, faults, outcomes);
    }
}
