package dev.baton.cli.up;

import dev.baton.cli.host.Installation;
import dev.baton.transfer.pool.SharedPool;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code baton down}: ends every process that {@code up} started, also when {@code up} itself was killed. */
@Command(name = "down", mixinStandardHelpOptions = true, description = "Stops everything that 'up' started.")
public final class DownCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        List<String> ended = new ProcessRecord(Installation.state()).endAll();
        SharedPool.removeDead(SharedPool.defaultFolder());
        out.println(ended.isEmpty() ? "Nothing was running." : "Stopped " + String.join(", ", ended) + ".");
        out.flush();
    }
}
