package dev.baton.cli.hub;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton models}: what the cache holds; {@code pull} fetches, {@code remove} makes room. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = "Lists the models in the cache (HF_HOME), fetches and removes them.")
public final class ModelsCommand implements Runnable {
    private static final String NAME = "org/name, org/name@revision or org/name:file.gguf";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        HubSettings settings = HubSettings.of(System.getenv());
        PrintWriter out = spec.commandLine().getOut();
        List<Hub.Cached> models = new Hub(settings, new FetchLines(out)).list();
        if (models.isEmpty()) {
            out.println("No models in " + settings.cache() + ". Fetch one: ./baton models pull org/name");
        }
        for (Hub.Cached cached : models) {
            out.printf(
                    "%-50s %10s%s%n",
                    cached.model(),
                    FetchLines.size(cached.bytes()),
                    cached.complete() ? "" : "  (not complete: pull it again)");
        }
        out.flush();
    }

    @Command(name = "list", description = "Lists the models in the cache.", mixinStandardHelpOptions = true)
    void list() {
        run();
    }

    @Command(name = "pull", description = "Fetches a model, or what is missing of it.", mixinStandardHelpOptions = true)
    void pull(@Parameters(paramLabel = "NAME", description = NAME) String name) {
        PrintWriter out = spec.commandLine().getOut();
        Path model = new Hub(HubSettings.of(System.getenv()), new FetchLines(out)).fetch(ModelName.parse(name));
        out.println(model);
        out.println("Serve it: ./baton up --model " + name);
        out.flush();
    }

    @Command(
            name = "remove",
            aliases = "rm",
            description = "Removes a model, with all its revisions, from the cache.",
            mixinStandardHelpOptions = true)
    void remove(@Parameters(paramLabel = "NAME", description = "org/name") String name) {
        PrintWriter out = spec.commandLine().getOut();
        ModelName model = ModelName.parse(name);
        long bytes = new Hub(HubSettings.of(System.getenv()), new FetchLines(out)).remove(model);
        out.println("Removed " + model.id() + ": " + FetchLines.size(bytes) + " are free again");
        out.flush();
    }
}
