package dev.baton.cli.up;

import dev.baton.stack.ChildProcess;
import dev.baton.stack.StackProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.OptionalInt;

/** A process that never gets ready. */
record Sleeper(Process process, ChildProcess child) implements StackProcess {
    static Sleeper start() {
        try {
            Process process = new ProcessBuilder("sleep", "60").start();
            return new Sleeper(process, ChildProcess.of("sleeper", process));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean ready() {
        return false;
    }

    @Override
    public OptionalInt exitStatus() {
        return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    @Override
    public Path log() {
        return Path.of("/dev/null");
    }

    @Override
    public String lastWords() {
        return "";
    }

    @Override
    public void close() {
        child.kill();
    }
}
