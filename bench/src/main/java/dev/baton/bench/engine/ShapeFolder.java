package dev.baton.bench.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The checkpoint of a shape; one that was written for this run is deleted when it is closed. */
final class ShapeFolder implements AutoCloseable {
    static final List<String> NAMES = List.of("demo", "135M", "1.1B");

    final Path path;
    private final boolean temporary;

    private ShapeFolder(Path path, boolean temporary) {
        this.path = path;
        this.temporary = temporary;
    }

    /** Whether it is the absolute path of a model that is there. */
    static boolean isModel(String name) {
        return Path.of(name).isAbsolute() && Files.exists(Path.of(name));
    }

    /** The rivals' checkpoint where they have one, so that all run the same weights. */
    static ShapeFolder open(String shape, RivalsFolder rivals) throws IOException {
        if (isModel(shape)) {
            return new ShapeFolder(Path.of(shape), false);
        }
        if (shape.equals("demo")) {
            return new ShapeFolder(rivals.home().resolve("models").resolve("demo"), false);
        }
        if (rivals.checkpoint(shape).isPresent()) {
            return new ShapeFolder(rivals.checkpoint(shape).get(), false);
        }
        ShapeFolder folder = new ShapeFolder(Files.createTempDirectory("baton-bench-"), true);
        try {
            switch (shape) {
                case "135M" -> RandomCheckpoint.SMALL.write(folder.path);
                case "1.1B" -> RandomCheckpoint.LARGE.write(folder.path);
                default -> throw new IllegalArgumentException("shape %s: %s are known".formatted(shape, NAMES));
            }
            return folder;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (temporary) {
            Files.deleteIfExists(path.resolve("config.json"));
            Files.deleteIfExists(path.resolve("model.safetensors"));
            Files.delete(path);
        }
    }
}
