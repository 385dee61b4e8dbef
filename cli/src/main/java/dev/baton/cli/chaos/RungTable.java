package dev.baton.cli.chaos;

import dev.baton.cli.bench.Samples;
import dev.baton.cli.bench.Table;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What gateways said of the recoveries of their streams, by where the KV was found. */
final class RungTable {
    private static final String FIRST_TOKEN = "first_token_millis";

    private final Map<String, Rung> rungs = new TreeMap<>();

    private static final class Rung {
        private final Samples claimed = new Samples();
        private final Samples token = new Samples();
        private long recomputed;
        private long tokens;
    }

    /** @param recoveries of all streams; those that did not get to a token are left out */
    RungTable(List<JsonNode> recoveries) {
        recoveries.forEach(this::add);
    }

    void add(JsonNode recovery) {
        if (recovery.path(FIRST_TOKEN).isNumber()) {
            Rung rung = rungs.computeIfAbsent(recovery.path("rung").asString("unknown"), name -> new Rung());
            add(rung.claimed, recovery.path("claimed_millis"));
            add(rung.token, recovery.path(FIRST_TOKEN));
            rung.recomputed += recovery.path("recomputed").asLong(0);
            rung.tokens += recovery.path("tokens").asLong(0);
        }
    }

    /** Adds what {@link #writeTo} wrote of another run. */
    void addAll(JsonNode written) {
        written.properties().forEach(entry -> {
            Rung rung = rungs.computeIfAbsent(entry.getKey(), name -> new Rung());
            JsonNode each = entry.getValue();
            rung.tokens += each.path("tokens").asLong(0);
            rung.recomputed += each.path("recomputed").asLong(0);
            rung.claimed.addAll(each.path("claimed"));
            rung.token.addAll(each.path("first_token"));
        });
    }

    private static void add(Samples samples, JsonNode millis) {
        if (millis.isNumber()) {
            samples.addNanos(TimeUnit.MILLISECONDS.toNanos(millis.asLong()));
        }
    }

    /** Empty when nothing was recovered. */
    String text() {
        if (rungs.isEmpty()) {
            return "";
        }
        Table table = new Table(
                "KV of recoveries came from, ms since the last token",
                "times",
                "claimed p50",
                "claimed p99",
                "token p50",
                "token p99",
                "token max",
                "tokens again");
        rungs.forEach((name, rung) -> table.row(
                name,
                Long.toString(rung.token.count()),
                Table.number(rung.claimed.millis(50)),
                Table.number(rung.claimed.millis(99)),
                Table.number(rung.token.millis(50)),
                Table.number(rung.token.millis(99)),
                Table.number(rung.token.millis(100)),
                rung.recomputed + " of " + rung.tokens));
        return table.toString();
    }

    void writeTo(ObjectNode json) {
        rungs.forEach((name, rung) -> {
            ObjectNode each = json.putObject(name);
            each.put("tokens", rung.tokens).put("recomputed", rung.recomputed);
            rung.claimed.writeWholeTo(each.putObject("claimed"));
            rung.token.writeWholeTo(each.putObject("first_token"));
        });
    }
}
