package dev.baton.cli.bench;

import dev.baton.cli.up.LocalStack;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Reads the actuators of a stack's roles. */
public record StackCounters(LocalStack stack) {
    /** Sum of a counter over the parts whose name begins so, and the labels that contain {@code label}. */
    public double sum(String parts, String name, String label) {
        Pattern line = Pattern.compile("(?m)^" + Pattern.quote(name) + "(?:\\{([^}]*)})? (\\S+)$");
        double sum = 0;
        for (String part : stack.managementPorts().keySet()) {
            if (part.startsWith(parts) && stack.process(part).alive()) {
                Matcher found = line.matcher(stack.management().text(port(part), "prometheus"));
                while (found.find()) {
                    if (label.isEmpty() || String.valueOf(found.group(1)).contains(label)) {
                        sum += Double.parseDouble(found.group(2));
                    }
                }
            }
        }
        return sum;
    }

    /** What a live worker says of its pool and of the sequences in it. */
    public JsonNode pool(String worker) {
        return stack.management().json(port(worker), "pool");
    }

    /** Blocks of a worker's pool. */
    int blocks(String worker) {
        return pool(worker).path("blocks").asInt();
    }

    private int port(String part) {
        Integer port = stack.managementPorts().get(part);
        if (port == null) {
            throw new IllegalArgumentException("no part " + part);
        }
        return port;
    }
}
