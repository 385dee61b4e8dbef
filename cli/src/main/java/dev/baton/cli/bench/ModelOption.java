package dev.baton.cli.bench;

import dev.baton.cli.host.Installation;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The model of a stack that a bench starts. */
final class ModelOption {
    @Option(names = "--model", description = "Model folder (default: models/demo).")
    private @Nullable Path model;

    Path folder() {
        return model != null ? model : Installation.home().resolve("models/demo");
    }
}
