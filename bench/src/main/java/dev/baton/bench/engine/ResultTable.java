package dev.baton.bench.engine;

import dev.baton.bench.engine.Results.Row;
import dev.baton.bench.engine.Results.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The results as one table in Markdown: medians with ranges, then ratios of medians. */
final class ResultTable {
    private static final String NONE = "–";

    private ResultTable() {}

    static String of(Results results, String ours) {
        List<String> rivals =
                results.engines().stream().filter(name -> !name.equals(ours)).toList();
        List<String> head = new ArrayList<>(List.of("tok/s", "", ours));
        head.addAll(rivals);
        head.add("the machine's limit");
        rivals.forEach(rival -> head.add("× " + rival));
        head.add("of the limit");
        List<List<String>> rows = new ArrayList<>(List.of(head));
        String above = "";
        for (Row row : results.rows()) {
            List<String> cells = new ArrayList<>();
            cells.add(row.heat().equals(above) ? "" : row.heat());
            above = row.heat();
            cells.add(row.name());
            cells.add(figure(results, row, ours));
            rivals.forEach(rival -> cells.add(figure(results, row, rival)));
            cells.add(figure(results, row, Results.LIMIT));
            rivals.forEach(rival -> cells.add(ratio(results, row, ours, rival)));
            cells.add(ratio(results, row, ours, Results.LIMIT));
            rows.add(cells);
        }
        return aligned(rows);
    }

    private static String figure(Results results, Row row, String engine) {
        return results.spread(row, engine).map(Spread::toString).orElse(NONE);
    }

    private static String ratio(Results results, Row row, String engine, String to) {
        Optional<Spread> above = results.spread(row, engine);
        Optional<Spread> below = results.spread(row, to);
        return above.isEmpty() || below.isEmpty()
                ? NONE
                : String.format(
                        Locale.ROOT, "%.2f", above.get().median() / below.get().median());
    }

    /** Columns of equal width; the first two to the left, figures to the right. */
    static String aligned(List<List<String>> rows) {
        int[] width = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            text.append('|');
            for (int i = 0; i < width.length; i++) {
                String cell = rows.get(r).get(i);
                String pad = " ".repeat(width[i] - cell.length());
                text.append(' ').append(i < 2 ? cell + pad : pad + cell).append(" |");
            }
            text.append('\n');
            if (r == 0) {
                text.append('|');
                for (int i = 0; i < width.length; i++) {
                    text.append(i < 2 ? "-".repeat(width[i] + 2) : "-".repeat(width[i] + 1) + ":")
                            .append('|');
                }
                text.append('\n');
            }
        }
        return text.toString();
    }

    /** One JSON object per row and engine, every round's value in it. */
    static List<String> json(Results results) {
        List<String> lines = new ArrayList<>();
        List<String> engines = new ArrayList<>(results.engines());
        engines.add(Results.LIMIT);
        for (Row row : results.rows()) {
            for (String engine : engines) {
                results.spread(row, engine)
                        .ifPresent(spread -> lines.add(String.format(
                                Locale.ROOT,
                                "{\"heat\":\"%s\",\"row\":\"%s\",\"engine\":\"%s\",\"median\":%.3f,\"values\":%s}",
                                row.heat(),
                                row.name(),
                                engine,
                                spread.median(),
                                Arrays.toString(spread.values()))));
            }
        }
        return lines;
    }
}
