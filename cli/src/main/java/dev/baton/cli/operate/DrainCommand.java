package dev.baton.cli.operate;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPorts;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code baton drain WORKER}: lets a worker finish what it has and get nothing more, until it is undone. */
@Command(
        name = "drain",
        mixinStandardHelpOptions = true,
        description = "Lets a worker finish what it has and sends it nothing more, until --undo or its end.")
public final class DrainCommand implements Runnable {
    private static final long POLL_MILLIS = 200;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(paramLabel = "WORKER", description = "As ./baton top lists it, e.g. decode-0.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private String worker;

    @Option(names = "--undo", description = "Sends it work again.")
    private boolean undo;

    @Option(
            names = "--within",
            defaultValue = "60",
            description = "Seconds to wait until it has nothing left (default: ${DEFAULT-VALUE}; 0: none).")
    private int seconds;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        StackPorts stack = StackPorts.ofRunningStack();
        String path = "workers/" + URLEncoder.encode(worker, StandardCharsets.UTF_8);
        stack.calls().post(stack.gateway(), path, Map.of("draining", !undo));
        String wanted = undo ? "ready" : "draining";
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        JsonNode now = stack.calls().json(stack.gateway(), path);
        while (!done(now, wanted) && System.nanoTime() < end) {
            pause();
            now = stack.calls().json(stack.gateway(), path);
        }
        out.printf(
                "%s is %s: %d running, %d queued%n",
                worker,
                now.path("state").asString(""),
                now.path("running").asInt(),
                now.path("queued").asInt());
        out.flush();
        if (seconds > 0 && !done(now, wanted)) {
            throw new CliException(worker + " is not " + (undo ? "ready" : "empty") + " after " + seconds
                    + " s; ./baton requests shows what runs");
        }
    }

    private boolean done(JsonNode state, String wanted) {
        boolean empty =
                state.path("running").asInt() == 0 && state.path("queued").asInt() == 0;
        return state.path("state").asString("").equals(wanted) && (undo || empty);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }
}
