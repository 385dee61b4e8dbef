package dev.baton.cli.host;

import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Signals that Java cannot send by itself. */
public final class Signals {
    private static final int LIMIT_SECONDS = 5;

    private Signals() {}

    /**
     * Sends one and returns when it is sent.
     *
     * @param name such as STOP, without SIG
     * @throws CliException beginning with {@code fault not applied} when it was not sent
     */
    public static void send(String name, ChildProcess process) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
            if (!kill.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || kill.exitValue() != 0) {
                throw new CliException("fault not applied: SIG" + name + " was not sent to " + process.name());
            }
        } catch (IOException e) {
            throw new CliException("fault not applied: kill cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }
}
