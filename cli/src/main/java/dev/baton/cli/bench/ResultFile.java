package dev.baton.cli.bench;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What a bench leaves behind for other programs. */
public final class ResultFile {
    private ResultFile() {}

    /** Nothing when there is no path. */
    public static void write(@Nullable Path path, String text) {
        if (path == null) {
            return;
        }
        try {
            Files.writeString(path, text);
        } catch (IOException e) {
            throw new CliException("cannot write " + path + ": " + e.getMessage(), e);
        }
    }
}
