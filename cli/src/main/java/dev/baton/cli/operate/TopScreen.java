package dev.baton.cli.operate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** What {@code baton top} shows, as lines of at most {@value Columns#WIDTH} columns. Pure. */
record TopScreen(String url, JsonNode workers, JsonNode kv, JsonNode requests) {
    /** @param most lines in all */
    List<String> lines(int most) {
        List<String> lines = new ArrayList<>();
        double tokens = 0;
        for (JsonNode worker : workers.path("workers")) {
            tokens += worker.path("tokensPerSecond").asDouble(0);
        }
        JsonNode hits = kv.path("hits");
        lines.add(Columns.left("Baton  " + url, Columns.WIDTH).stripTrailing());
        lines.add(String.format(
                Locale.ROOT,
                "requests %d   tokens/s %.1f   prompt found in caches %s (believed %s)",
                requests.path("running").size(),
                tokens,
                Columns.share(hits.path("real").asDouble(Double.NaN)),
                Columns.share(hits.path("believed").asDouble(Double.NaN))));
        lines.add("");
        lines.add(worker("WORKER", "ROLE", "STATE", "RUN", "QUEUE", "TOKENS/S", "KV FREE", "PING"));
        for (JsonNode worker : workers.path("workers")) {
            double blocks = worker.path("blocks").asDouble(0);
            lines.add(worker(
                    worker.path("worker").asString(""),
                    worker.path("role").asString(""),
                    worker.path("state").asString(""),
                    worker.path("running").asString("-"),
                    worker.path("queued").asString("-"),
                    String.format(
                            Locale.ROOT, "%.1f", worker.path("tokensPerSecond").asDouble(0)),
                    blocks == 0 ? "-" : Math.round(worker.path("freeBlocks").asDouble(0) * 100 / blocks) + " %",
                    worker.path("roundTripMs").isNumber()
                            ? Columns.micros(
                                    Math.round(worker.path("roundTripMs").asDouble() * 1_000))
                            : "-"));
        }
        lines.add("");
        lines.add(RequestLines.HEAD);
        for (JsonNode request : requests.path("running")) {
            lines.add(RequestLines.row(request));
        }
        if (requests.path("running").isEmpty()) {
            lines.add("  none runs; ./baton requests shows those that have ended");
        }
        if (lines.size() <= most) {
            return lines;
        }
        List<String> shown = new ArrayList<>(lines.subList(0, Math.max(1, most - 1)));
        shown.add("  … " + (lines.size() - shown.size()) + " more lines");
        return shown;
    }

    private static String worker(
            String id,
            String role,
            String state,
            String running,
            String queued,
            String rate,
            String free,
            String ping) {
        return ("  " + Columns.left(id, 18) + " " + Columns.left(role, 8) + Columns.left(state, 9)
                        + Columns.right(running, 5) + Columns.right(queued, 7) + Columns.right(rate, 10)
                        + Columns.right(free, 9) + Columns.right(ping, 10))
                .stripTrailing();
    }
}
