package dev.baton.cli.up;

import dev.baton.cli.client.ManagementCalls;
import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Restarts the roles of a stack one part after the other: prefill workers, decode workers, gateways. The next one is asked to
 * end once the one before serves again, and where it is a worker, once every gateway would send it requests: what the next one
 * hands over needs it.
 *
 * @param within how long each may take
 * @param progress gets a line for each that serves again
 */
public record RollingRestart(Parts parts, Duration within, Consumer<String> progress) {
    private static final List<String> ROLES = List.of("prefill", "decode", RoleCommands.GATEWAY);

    /** A stack whose parts are started again by {@code up} when they are asked to end. */
    public interface Parts {
        /** The port of each role's actuator by its name. */
        Map<String, Integer> managementPorts();

        ManagementCalls management();

        /** The last process of a part. */
        ChildProcess process(String part);

        boolean ready(String part);

        /** Asks a part to end and start again, without waiting. */
        void restart(String part);
    }

    /** @throws CliException when a part does not serve again in time; the others are left as they are */
    public void all() {
        List<String> names = List.copyOf(parts.managementPorts().keySet());
        ROLES.stream()
                .flatMap(role -> names.stream().filter(name -> name.startsWith(role)))
                .forEach(this::one);
    }

    /** Returns when the part serves again. */
    public void one(String part) {
        long before = parts.process(part).pid();
        long started = System.nanoTime();
        parts.restart(part);
        while (parts.process(part).pid() == before || !parts.ready(part) || !taken(part)) {
            if (System.nanoTime() - started > within.toNanos()) {
                throw new CliException("%s does not serve again after %d s: ./baton logs %s says why"
                        .formatted(part, within.toSeconds(), part));
            }
            LocalStack.pause();
        }
        progress.accept("%s serves again after %.1f s".formatted(part, (System.nanoTime() - started) / 1e9));
    }

    /** Whether every gateway sends requests to the worker; true for other parts. */
    private boolean taken(String part) {
        boolean worker = parts.managementPorts().containsKey(part) && !part.startsWith(RoleCommands.GATEWAY);
        return !worker || gateways().allMatch(port -> sends(port, part));
    }

    private Stream<Integer> gateways() {
        return parts.managementPorts().entrySet().stream()
                .filter(part -> part.getKey().startsWith(RoleCommands.GATEWAY))
                .map(Map.Entry::getValue);
    }

    private boolean sends(int gateway, String worker) {
        try {
            return parts.management()
                    .json(gateway, "workers/" + worker)
                    .path("state")
                    .asString("")
                    .equals("ready");
        } catch (CliException e) {
            return false; // it is not known there, or the gateway is just being started
        }
    }
}
