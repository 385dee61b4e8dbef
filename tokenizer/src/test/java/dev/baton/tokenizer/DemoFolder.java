package dev.baton.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;

/** The model folder that ships, wherever the tests are started from. */
final class DemoFolder {
    private DemoFolder() {}

    static Path path() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path demo = at.resolve("models/demo");
            if (Files.isRegularFile(demo.resolve("tokenizer.json"))) {
                return demo;
            }
        }
        throw new IllegalStateException(
                "models/demo is not above " + Path.of("").toAbsolutePath());
    }
}
