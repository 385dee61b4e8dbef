package dev.baton.cli.operate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** Requests as text. Pure. */
final class RequestLines {
    static final String HEAD = row("REQUEST", "TENANT", "STATE", "TOKENS", "AGE", "TTFT", "WORKERS");

    private static final int BAR = 30;

    private RequestLines() {}

    /** One line of a table. */
    static String row(JsonNode request) {
        JsonNode attempts = request.path("attempts");
        JsonNode last = attempts.isEmpty() ? attempts : attempts.get(attempts.size() - 1);
        return row(
                request.path("request").asString(""),
                request.path("tenant").asString(""),
                request.path("state").asString(""),
                request.path("tokens").asString("0"),
                Columns.micros(request.path("millis").asLong(0) * 1_000),
                request.path("ttft").isObject()
                        ? Columns.micros(
                                request.path("ttft").path("totalMicros").asLong(0))
                        : "-",
                workers(last) + (attempts.size() > 1 ? " (" + attempts.size() + ")" : ""));
    }

    private static String row(
            String id, String tenant, String state, String tokens, String age, String ttft, String workers) {
        return ("  " + Columns.left(id, 13) + " " + Columns.left(tenant, 9) + " " + Columns.left(state, 10)
                        + Columns.right(tokens, 6) + Columns.right(age, 9) + Columns.right(ttft, 9) + " "
                        + Columns.left(workers, 20))
                .stripTrailing();
    }

    private static String workers(JsonNode attempt) {
        String decode = attempt.path("decode").asString("-");
        return attempt.path("prefill").isString() ? attempt.path("prefill").asString() + ">" + decode : decode;
    }

    /** One request with its attempts and where the time to its first token went. */
    static List<String> waterfall(JsonNode request) {
        List<String> lines = new ArrayList<>();
        lines.add("request  " + request.path("request").asString(""));
        lines.add(String.format(
                Locale.ROOT,
                "state    %s, %d tokens after %s",
                request.path("state").asString(""),
                request.path("tokens").asLong(0),
                Columns.micros(request.path("millis").asLong(0) * 1_000)));
        lines.add(Columns.left(
                        "asked    by " + request.path("tenant").asString("") + " of "
                                + request.path("model").asString(""),
                        Columns.WIDTH)
                .stripTrailing());
        lines.add(String.format(
                Locale.ROOT,
                "prompt   %d tokens, %d of them found in a cache",
                request.path("promptTokens").asLong(0),
                request.path("cachedTokens").asLong(0)));
        lines.add("");
        for (JsonNode attempt : request.path("attempts")) {
            lines.add(Columns.left(attempt(attempt), Columns.WIDTH).stripTrailing());
            if (attempt.path("lost").isString()) {
                lines.add(Columns.left(
                                "           given up: " + attempt.path("lost").asString(), Columns.WIDTH)
                        .stripTrailing());
            }
        }
        for (JsonNode recovery : request.path("recoveries")) {
            recovery(recovery)
                    .forEach(line -> lines.add(Columns.left(line, Columns.WIDTH).stripTrailing()));
        }
        JsonNode ttft = request.path("ttft");
        if (ttft.isObject()) {
            long total = Math.max(1, ttft.path("totalMicros").asLong(0));
            lines.add("");
            lines.add("time to first token  " + Columns.micros(total));
            long from = 0;
            for (JsonNode part : ttft.path("parts")) {
                long micros = part.path("micros").asLong(0);
                lines.add(part(part, micros, bar(from, micros, total)));
                from += micros;
            }
            for (JsonNode part : ttft.path("afterwards")) {
                lines.add(part(part, part.path("micros").asLong(0), "behind the first token"));
            }
        }
        return lines;
    }

    private static String attempt(JsonNode attempt) {
        String until = attempt.path("untilMillis").isNumber()
                ? Columns.micros(attempt.path("untilMillis").asLong() * 1_000)
                : "now";
        return String.format(
                Locale.ROOT,
                "attempt %-2d %s to %s on %s%s",
                attempt.path("number").asInt(),
                Columns.micros(attempt.path("fromMillis").asLong(0) * 1_000),
                until,
                workers(attempt),
                attempt.path("accepted").asInt() > 0
                        ? ", goes on from token " + attempt.path("accepted").asInt()
                        : "");
    }

    private static List<String> recovery(JsonNode recovery) {
        return List.of(
                String.format(
                        Locale.ROOT,
                        "recovery   attempt %d by %s: %d of %d tokens computed again",
                        recovery.path("attempt").asInt(),
                        recovery.path("rung").asString("-"),
                        recovery.path("recomputed").asInt(),
                        recovery.path("tokens").asInt()),
                String.format(
                        Locale.ROOT,
                        "           detected %s, claimed %s, restored %s, token %s",
                        since(recovery, "detectedMillis"),
                        since(recovery, "claimedMillis"),
                        since(recovery, "restoredMillis"),
                        since(recovery, "firstTokenMillis")));
    }

    /** Since the last token that the client had. */
    private static String since(JsonNode recovery, String step) {
        return recovery.path(step).isNumber()
                ? Columns.micros(recovery.path(step).asLong() * 1_000)
                : "-";
    }

    private static String part(JsonNode part, long micros, String bar) {
        return "  " + Columns.left(part.path("part").asString(""), 17) + Columns.right(Columns.micros(micros), 10)
                + "  " + Columns.left(part.path("measured").asString(""), 8) + " " + bar;
    }

    /** Where in the whole the part lies. */
    static String bar(long from, long micros, long total) {
        int start = (int) Math.min(BAR, from * BAR / total);
        int end = (int) Math.min(BAR, (from + micros) * BAR / total);
        return " ".repeat(start) + (end > start ? "#".repeat(end - start) : "|");
    }
}
