package dev.baton.cli.chaos;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton chaos sum}: a long record is made of parts, one run each. */
@Command(name = "sum", mixinStandardHelpOptions = true, description = "Adds up the reports of several runs.")
final class ChaosSumCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "What --json of each run wrote.")
    private List<Path> files = List.of();

    @Override
    public void run() {
        ChaosTally tally = new ChaosTally();
        for (Path file : files) {
            try {
                tally.addAll(Files.readString(file));
            } catch (NoSuchFileException e) {
                throw new CliException("cannot add %s: there is no such file".formatted(file), e);
            } catch (IOException | IllegalArgumentException e) {
                throw new CliException("cannot add %s: %s".formatted(file, e.getMessage()), e);
            }
        }
        spec.commandLine().getOut().println(tally.text());
    }
}
