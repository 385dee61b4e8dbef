package dev.baton.cli.up;

import dev.baton.cli.up.RunningStack.Part;
import dev.baton.cli.up.RunningStack.State;
import java.io.PrintWriter;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code baton status}: the parts of the stack that runs here. Exit code 0 when all serve, 1 when one does not. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Shows the parts of the stack that runs here; exits with 1 when one does not serve.")
public final class StatusCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before call
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        RunningStack stack = new RunningStack();
        URI url = stack.url();
        List<Part> parts = stack.parts();
        out.println("Baton is up at " + url);
        out.println();
        out.printf("  %-12s %-9s %8s %10s  %s%n", "part", "state", "pid", "age", "management port");
        for (Part part : parts) {
            boolean down = part.state() == State.DOWN;
            out.printf(
                    "  %-12s %-9s %8s %10s  %s%n",
                    part.process().name(),
                    part.state().name().toLowerCase(Locale.ROOT),
                    down ? "-" : part.process().pid(),
                    down ? "-" : age(Duration.between(part.process().startedAt(), Instant.now())),
                    part.managementPort().isPresent() ? part.managementPort().getAsInt() : "-");
        }
        out.flush();
        return parts.stream().allMatch(part -> part.state() == State.READY || part.state() == State.RUNNING) ? 0 : 1;
    }

    /** Two units at most: {@code 3 s}, {@code 2 min 5 s}, {@code 4 h 10 min}, {@code 3 d 2 h}. */
    static String age(Duration age) {
        if (age.toMinutes() < 1) {
            return Math.max(0, age.toSeconds()) + " s";
        }
        if (age.toHours() < 1) {
            return age.toMinutes() + " min " + age.toSecondsPart() + " s";
        }
        return age.toDays() < 1
                ? age.toHours() + " h " + age.toMinutesPart() + " min"
                : age.toDays() + " d " + age.toHoursPart() + " h";
    }
}
