package dev.baton.cli.doctor;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPorts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** {@code doctor --stack}: whether the parts of a running stack reach each other and agree. */
final class StackCheck {
    /** Clocks that differ by more make the times in logs misleading; limits do not depend on them. */
    private static final double MOST_SKEW_MS = 500;
    /** Prompt tokens that a gateway was wrong about, as a share of all. */
    private static final double MOST_HIT_ERROR = 0.1;
    /** So few say little: equal prompts that come at the same time are believed to find each other's KV, and do not. */
    private static final int FEW_REQUESTS = 20;

    private StackCheck() {}

    /** Asks every role that lives. */
    static List<Finding> run(StackPorts stack) {
        int gateway = stack.gateway();
        List<Finding> findings = new ArrayList<>();
        JsonNode workers = stack.calls().json(gateway, "workers");
        findings.addAll(workers(workers));
        findings.addAll(lanes(workers));
        findings.addAll(fingerprints(stack.calls().json(gateway, "models")));
        findings.add(hits(stack.calls().json(gateway, "kv")));
        findings.add(suspicions(stack.calls().text(gateway, "prometheus")));
        stack.ports().forEach((part, port) -> {
            // Gateways have no pool; there may be several.
            if (!part.startsWith("gateway")) {
                findings.add(pool(part, stack, port));
            }
        });
        return findings;
    }

    /** Reach, state and clock of each. */
    static List<Finding> workers(JsonNode answer) {
        List<Finding> findings = new ArrayList<>();
        for (JsonNode worker : answer.path("workers")) {
            String id = worker.path("worker").asString("");
            String state = worker.path("state").asString("");
            double roundTrip = worker.path("roundTripMs").asDouble(0);
            double ahead = worker.path("clockAheadMs").asDouble(0);
            String measured = String.format(Locale.ROOT, "round trip %.1f ms, clock %+.1f ms", roundTrip, ahead);
            if (state.equals("silent")) {
                findings.add(Finding.missing(
                        id,
                        "its token stream at " + worker.path("address").asString("") + " does not answer",
                        "look at its log and at the network between"));
            } else if (Math.abs(ahead) - roundTrip / 2 > MOST_SKEW_MS) {
                findings.add(Finding.missing(id, measured, "set the clocks of both hosts by NTP"));
            } else if (state.equals("ready")) {
                findings.add(Finding.fine(id, "answers; " + measured));
            } else {
                findings.add(Finding.note(id, state + "; " + measured));
            }
        }
        if (findings.isEmpty()) {
            findings.add(Finding.missing("workers", "the gateway knows none", "./baton status shows what runs"));
        }
        return findings;
    }

    /** No two workers of a role read one lane. */
    static List<Finding> lanes(JsonNode answer) {
        Map<String, String> holders = new HashMap<>();
        List<Finding> findings = new ArrayList<>();
        for (JsonNode worker : answer.path("workers")) {
            String lane = worker.path("role").asString("") + " lane "
                    + worker.path("lane").asInt();
            String id = worker.path("worker").asString("");
            String other = holders.putIfAbsent(lane, id);
            if (other != null) {
                findings.add(Finding.missing(lane, other + " and " + id + " both read it", "restart one of them"));
            }
        }
        return findings.isEmpty() ? List.of(Finding.fine("lanes", holders.size() + ", one worker each")) : findings;
    }

    /** Workers of one name compute the same bits. */
    static List<Finding> fingerprints(JsonNode answer) {
        List<Finding> findings = new ArrayList<>();
        for (JsonNode model : answer.path("models")) {
            String name = model.path("model").asString("");
            int kinds = model.path("fingerprints").size();
            findings.add(
                    kinds == 1
                            ? Finding.fine("model " + name, "all workers have one fingerprint" + named(model))
                            : Finding.missing(
                                    "model " + name,
                                    kinds + " fingerprints: " + model.path("fingerprints"),
                                    "give all workers the same files, dtype and weights"));
        }
        return findings;
    }

    /** As answers name what made them. */
    private static String named(JsonNode model) {
        String name = model.path("systemFingerprint").asString("");
        return name.isEmpty() ? "" : "; answers name " + name;
    }

    /** Whether the gateway knows what lies in the caches. */
    static Finding hits(JsonNode kv) {
        JsonNode hits = kv.path("hits");
        if (!hits.path("real").isNumber()) {
            return Finding.note("prefix hits", "no request yet");
        }
        double believed = hits.path("believed").asDouble();
        double real = hits.path("real").asDouble();
        String detail = String.format(
                Locale.ROOT, "%.1f %% of prompts found in caches, %.1f %% believed", real * 100, believed * 100);
        if (Math.abs(believed - real) <= MOST_HIT_ERROR) {
            return Finding.fine("prefix hits", detail);
        }
        return hits.path("requests").asInt() < FEW_REQUESTS
                ? Finding.note("prefix hits", detail + ", of few requests")
                : Finding.missing(
                        "prefix hits",
                        detail,
                        "the pools are too small for what comes again (baton.kv.memory), workers were restarted, or"
                                + " equal prompts come at the same time");
    }

    /** Workers that were silent for a while: a sign of overload or of a bad network. */
    static Finding suspicions(String prometheus) {
        double suspicions = counter(prometheus, "baton_stream_suspicions_total");
        double deaths = counter(prometheus, "baton_stream_deaths_total");
        String detail = String.format(
                Locale.ROOT, "%.0f suspicions, %.0f deaths of workers since its start", suspicions, deaths);
        return suspicions == 0 ? Finding.fine("gateway", detail) : Finding.note("gateway", detail);
    }

    private static double counter(String prometheus, String name) {
        Matcher line =
                Pattern.compile("(?m)^" + name + "(?:\\{[^}]*})? (\\S+)$").matcher(prometheus);
        double sum = 0;
        while (line.find()) {
            sum += Double.parseDouble(line.group(1));
        }
        return sum;
    }

    private static Finding pool(String part, StackPorts stack, int port) {
        try {
            String integrity =
                    stack.calls().json(port, "pool").path("integrity").asString("");
            return integrity.equals("clean")
                    ? Finding.fine("KV of " + part, "its books are right")
                    : Finding.missing("KV of " + part, integrity, "restart it, and report this with its log");
        } catch (CliException e) {
            return Finding.missing("KV of " + part, String.valueOf(e.getMessage()), "look at its log");
        }
    }
}
