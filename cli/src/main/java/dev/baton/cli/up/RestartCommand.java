package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton restart PART}: ends one part of the running stack and returns when it serves again; or all roles in turn. */
@Command(
        name = "restart",
        mixinStandardHelpOptions = true,
        description = "Ends one part of the stack that runs here, starts it again, and waits until it serves.")
public final class RestartCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(paramLabel = "PART", arity = "0..1", description = "As ./baton status lists it, e.g. decode-0.")
    private @Nullable String name;

    @Option(
            names = "--rolling",
            description = "All prefill workers, decode workers and gateways, one after the other; what a worker decodes"
                    + " goes on at another one meanwhile.")
    private boolean rolling;

    @Option(
            names = "--within",
            defaultValue = "120",
            description = "Seconds to wait for each (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        RunningStack stack = new RunningStack();
        stack.url();
        RollingRestart restart = new RollingRestart(stack, Duration.ofSeconds(seconds), line -> {
            out.println(line);
            out.flush();
        });
        String part = name;
        if (rolling == (part != null)) {
            throw new CliException("name one part, or give --rolling for all roles");
        }
        if (part == null) {
            restart.all();
            return;
        }
        List<String> names = stack.parts().stream()
                .map(known -> known.process().name())
                .filter(known -> !known.equals(ProcessRecord.SELF))
                .toList();
        if (!names.contains(part)) {
            throw new CliException("no part " + part + " runs here: it is one of " + String.join(", ", names));
        }
        restart.one(part);
    }
}
