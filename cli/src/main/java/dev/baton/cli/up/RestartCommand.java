package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.RunningStack.Part;
import dev.baton.cli.up.RunningStack.State;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton restart PART}: ends one part of the running stack and returns when it serves again. */
@Command(
        name = "restart",
        mixinStandardHelpOptions = true,
        description = "Ends one part of the stack that runs here, starts it again, and waits until it serves.")
public final class RestartCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(paramLabel = "PART", description = "As ./baton status lists it, e.g. decode-0.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private String name;

    @Option(names = "--within", defaultValue = "120", description = "Seconds to wait (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        RunningStack stack = new RunningStack();
        stack.url();
        List<String> names = stack.parts().stream()
                .map(part -> part.process().name())
                .filter(part -> !part.equals(ProcessRecord.SELF))
                .toList();
        Part before = stack.part(name)
                .filter(part -> names.contains(name))
                .orElseThrow(() ->
                        new CliException("no part " + name + " runs here: it is one of " + String.join(", ", names)));
        stack.restart(name);
        long started = System.nanoTime();
        while (!servesAgain(stack, before)) {
            stack.url();
            if (System.nanoTime() - started > Duration.ofSeconds(seconds).toNanos()) {
                throw new CliException(
                        "%s does not serve again after %d s: ./baton logs %s says why".formatted(name, seconds, name));
            }
            LocalStack.pause();
        }
        out.printf("%s serves again after %.1f s%n", name, (System.nanoTime() - started) / 1e9);
        out.flush();
    }

    private boolean servesAgain(RunningStack stack, Part before) {
        return stack.part(name)
                .filter(part -> part.process().pid() != before.process().pid())
                .filter(part -> part.state() == State.READY || part.state() == State.RUNNING)
                .isPresent();
    }
}
