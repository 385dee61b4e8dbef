package dev.baton.bench.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** All figures of a run, in the order in which they came. */
final class Results {
    /** Stands for the machine where an engine's name stands otherwise. */
    static final String LIMIT = "limit";

    private final List<Figure> figures = new ArrayList<>();

    /**
     * One figure of one round.
     *
     * @param heat shape, weights and threads, for people
     * @param row what was measured
     * @param engine who was measured, {@link #LIMIT} for the machine
     */
    record Figure(String heat, String row, String engine, double value) {}

    void add(Figure figure) {
        figures.add(figure);
    }

    /** A row of the table. */
    record Row(String heat, String name) {}

    Set<Row> rows() {
        return figures.stream()
                .map(figure -> new Row(figure.heat, figure.row))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    Set<String> engines() {
        return figures.stream()
                .map(Figure::engine)
                .filter(engine -> !engine.equals(LIMIT))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The rounds' values, if there are any. */
    Optional<Spread> spread(Row row, String engine) {
        double[] values = figures.stream()
                .filter(figure ->
                        figure.heat.equals(row.heat) && figure.row.equals(row.name) && figure.engine.equals(engine))
                .mapToDouble(Figure::value)
                .toArray();
        return values.length == 0 ? Optional.empty() : Optional.of(new Spread(values));
    }

    /** Values of several rounds. */
    record Spread(double... values) {
        Spread {
            values = values.clone();
        }

        double median() {
            double[] sorted = sorted();
            int middle = sorted.length / 2;
            return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }

        private double[] sorted() {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            return sorted;
        }

        /** Median and range. */
        @Override
        public String toString() {
            double[] sorted = sorted();
            return sorted.length == 1
                    ? number(sorted[0])
                    : "%s (%s–%s)".formatted(number(median()), number(sorted[0]), number(sorted[sorted.length - 1]));
        }

        static String number(double value) {
            return String.format(Locale.ROOT, value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.2f", value);
        }
    }
}
