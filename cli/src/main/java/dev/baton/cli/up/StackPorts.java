package dev.baton.cli.up;

import dev.baton.cli.client.ManagementCalls;
import dev.baton.cli.host.CliException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The management ports of the stack that runs here, and the calls that its operator may make.
 *
 * @param url of the gateway
 * @param ports of the roles that live, by name
 */
public record StackPorts(URI url, Map<String, Integer> ports, ManagementCalls calls) {
    /** @throws CliException when none runs */
    public static StackPorts ofRunningStack() {
        RunningStack stack = new RunningStack();
        URI url = stack.url();
        Map<String, Integer> ports = new LinkedHashMap<>();
        for (RunningStack.Part part : stack.parts()) {
            if (part.managementPort().isPresent() && part.process().alive()) {
                ports.put(part.process().name(), part.managementPort().getAsInt());
            }
        }
        return new StackPorts(url, ports, stack.management());
    }

    /** @throws CliException when it is down */
    public int gateway() {
        Integer port = ports.get(RoleCommands.GATEWAY);
        if (port == null) {
            throw new CliException("the gateway is down: ./baton status shows what runs");
        }
        return port;
    }
}
