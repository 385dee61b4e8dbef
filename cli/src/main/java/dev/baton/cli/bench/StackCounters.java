package dev.baton.cli.bench;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.LocalStack;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the actuators of a stack's roles. */
record StackCounters(LocalStack stack) {
    /** Sum of a counter over the parts whose name begins so, and the labels that contain {@code label}. */
    double sum(String parts, String name, String label) {
        Pattern line = Pattern.compile("(?m)^" + Pattern.quote(name) + "(?:\\{([^}]*)})? (\\S+)$");
        double sum = 0;
        for (String part : stack.managementPorts().keySet()) {
            if (part.startsWith(parts) && stack.process(part).alive()) {
                Matcher found = line.matcher(read(part, "prometheus"));
                while (found.find()) {
                    if (label.isEmpty() || String.valueOf(found.group(1)).contains(label)) {
                        sum += Double.parseDouble(found.group(2));
                    }
                }
            }
        }
        return sum;
    }

    /** Blocks of a worker's pool. */
    int blocks(String worker) {
        JsonNode pool = JsonMapper.shared().readTree(read(worker, "pool"));
        return pool.path("blocks").asInt();
    }

    private String read(String part, String endpoint) {
        URI uri = URI.create("http://127.0.0.1:" + stack.managementPorts().get(part) + "/actuator/" + endpoint);
        try (InputStream in = uri.toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CliException("cannot read " + uri + ": " + e.getMessage(), e);
        }
    }
}
