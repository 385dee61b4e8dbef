package dev.baton.cli.bench;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of every command that starts a stack of its own and measures it. */
public final class OwnStack {
    @Option(
            names = "--port",
            defaultValue = "18080",
            description = "Port of the gateway it starts (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--json", description = "Also write the figures here.")
    private @Nullable Path json;

    public int port() {
        return port;
    }

    /** Where that was asked for. */
    public void write(String figures) {
        ResultFile.write(json, figures);
    }
}
