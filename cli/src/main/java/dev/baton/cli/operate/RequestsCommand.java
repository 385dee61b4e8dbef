package dev.baton.cli.operate;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPorts;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code baton requests [ID]}: requests that run and those that ended lately; of one, where its time went. */
@Command(
        name = "requests",
        mixinStandardHelpOptions = true,
        description = "Lists requests that run and those that ended lately; of one, shows where its time went.")
public final class RequestsCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(paramLabel = "ID", arity = "0..1", description = "Of one request, or how it begins.")
    private @Nullable String id;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        StackPorts stack = StackPorts.ofRunningStack();
        JsonNode all = stack.calls().json(stack.gateway(), "requests");
        if (id == null) {
            list(all).forEach(out::println);
        } else {
            RequestLines.waterfall(one(all, id)).forEach(out::println);
        }
        out.flush();
    }

    private static List<String> list(JsonNode all) {
        List<String> lines = new ArrayList<>(List.of(RequestLines.HEAD));
        all.path("running").forEach(request -> lines.add(RequestLines.row(request)));
        all.path("recent").forEach(request -> lines.add(RequestLines.row(request)));
        if (lines.size() == 1) {
            lines.add("  none yet");
        }
        return lines;
    }

    private static JsonNode one(JsonNode all, String id) {
        // Clients see the id of an answer with what it is an answer to.
        String wanted = id.replaceFirst("^(chatcmpl|cmpl)-", "");
        List<JsonNode> found = new ArrayList<>();
        for (String list : List.of("running", "recent")) {
            for (JsonNode request : all.path(list)) {
                if (request.path("request").asString("").startsWith(wanted)) {
                    found.add(request);
                }
            }
        }
        if (found.isEmpty()) {
            throw new CliException("no request " + id + " runs here or ended lately: ./baton requests lists them");
        }
        if (found.size() > 1) {
            throw new CliException(found.size() + " requests begin with " + id + ": give more of the id");
        }
        return found.getFirst();
    }
}
