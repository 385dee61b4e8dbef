package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How {@code restart} asks the running {@code up}: an empty file of the part's name in a folder that {@code up} reads. */
final class RestartRequests {
    private final Path folder;

    RestartRequests(Path stateFolder) {
        this.folder = stateFolder.resolve("run").resolve("restart");
    }

    void ask(String part) {
        try {
            Files.createDirectories(folder);
            Files.write(folder.resolve(part), new byte[0]);
        } catch (IOException e) {
            throw new CliException("cannot write to " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Parts asked for since the last call; none when the folder is not there. */
    List<String> take() {
        List<String> parts = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
                parts.add(file.getFileName().toString());
            }
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new CliException("cannot read " + folder + ": " + e.getMessage(), e);
        }
        return parts;
    }
}
