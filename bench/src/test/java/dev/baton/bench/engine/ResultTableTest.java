package dev.baton.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.bench.engine.Results.Figure;
import dev.baton.bench.engine.Results.Spread;
import org.junit.jupiter.api.Test;

class ResultTableTest {
    @Test
    void theMedianIsTheMiddleValueOrTheMeanOfTheTwoInTheMiddle() {
        assertThat(new Spread(9, 1, 2).median()).isEqualTo(2);
        assertThat(new Spread(9, 1, 2, 4).median()).isEqualTo(3);
        assertThat(new Spread(7).median()).isEqualTo(7);
    }

    @Test
    void aSpreadIsItsMedianWithItsRange() {
        assertThat(new Spread(18.26, 17.04, 19.1)).hasToString("18.3 (17.0–19.1)");
        assertThat(new Spread(1234.4, 999, 2000)).hasToString("1,234 (999–2,000)");
        assertThat(new Spread(1.239)).hasToString("1.24");
    }

    @Test
    void ratiosAreThoseOfTheMediansAndWhatIsMissingStaysOpen() {
        Results results = new Results();
        results.add(new Figure("135M", "read, GB/s", Results.LIMIT, 20));
        for (double rate : new double[] {10, 30, 20}) {
            results.add(new Figure("135M", "decode", "Baton", rate));
            results.add(new Figure("135M", "decode", "A", rate * 2));
            results.add(new Figure("135M", "decode", Results.LIMIT, 80));
        }
        results.add(new Figure("1.1B", "decode", "Baton", 5));
        results.add(new Figure("1.1B", "decode", Results.LIMIT, 10));
        assertThat(ResultTable.of(results, "Baton")).isEqualTo("""
                | tok/s |            |            Baton |                A | the machine's limit |  × A | of the limit |
                |-------|------------|-----------------:|-----------------:|--------------------:|-----:|-------------:|
                | 135M  | read, GB/s |                – |                – |                20.0 |    – |            – |
                |       | decode     | 20.0 (10.0–30.0) | 40.0 (20.0–60.0) |    80.0 (80.0–80.0) | 0.50 |         0.25 |
                | 1.1B  | decode     |             5.00 |                – |                10.0 |    – |         0.50 |
                """);
    }

    @Test
    void jsonHoldsEveryRound() {
        Results results = new Results();
        results.add(new Figure("135M", "decode", "Baton", 1));
        results.add(new Figure("135M", "decode", "Baton", 2));
        results.add(new Figure("135M", "decode", Results.LIMIT, 4));
        assertThat(ResultTable.json(results))
                .containsExactly(
                        "{\"heat\":\"135M\",\"row\":\"decode\",\"engine\":\"Baton\",\"median\":1.500,\"values\":[1.0, 2.0]}",
                        "{\"heat\":\"135M\",\"row\":\"decode\",\"engine\":\"limit\",\"median\":4.000,\"values\":[4.0]}");
    }
}
