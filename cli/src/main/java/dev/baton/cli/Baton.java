package dev.baton.cli;

import dev.baton.cli.bench.BenchCommand;
import dev.baton.cli.chaos.ChaosCommand;
import dev.baton.cli.chat.ChatCommand;
import dev.baton.cli.doctor.DoctorCommand;
import dev.baton.cli.host.CliException;
import dev.baton.cli.hub.ModelsCommand;
import dev.baton.cli.operate.DeadLettersCommand;
import dev.baton.cli.operate.DrainCommand;
import dev.baton.cli.operate.QuotasCommand;
import dev.baton.cli.operate.RequestsCommand;
import dev.baton.cli.operate.TopCommand;
import dev.baton.cli.up.DownCommand;
import dev.baton.cli.up.LogsCommand;
import dev.baton.cli.up.PrepareCommand;
import dev.baton.cli.up.RestartCommand;
import dev.baton.cli.up.StatusCommand;
import dev.baton.cli.up.UpCommand;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Entry point of {@code ./baton}. Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong usage. */
@Command(
        name = "baton",
        mixinStandardHelpOptions = true,
        version = "Baton 0.1.0",
        description = "Serves large language models with prefill and decode on different workers.",
        subcommands = {
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            LogsCommand.class,
            RestartCommand.class,
            TopCommand.class,
            RequestsCommand.class,
            DrainCommand.class,
            DeadLettersCommand.class,
            QuotasCommand.class,
            ChatCommand.class,
            ModelsCommand.class,
            DoctorCommand.class,
            BenchCommand.class,
            ChaosCommand.class,
            PrepareCommand.class
        })
public final class Baton implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        spec.commandLine().usage(out);
        out.println();
        out.println("Also: ./baton test runs every test (./mvnw verify).");
        out.flush();
    }

    public static void main(String[] args) {
        CommandLine line = new CommandLine(new Baton())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((exception, commandLine, parsed) -> {
                    PrintWriter err = commandLine.getErr();
                    if (exception instanceof CliException) {
                        err.println(commandLine.getColorScheme().errorText("baton: " + exception.getMessage()));
                    } else {
                        exception.printStackTrace(err);
                    }
                    err.flush();
                    return CommandLine.ExitCode.SOFTWARE;
                });
        System.exit(line.execute(args));
    }
}
