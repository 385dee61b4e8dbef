package dev.baton.cli.hub;

import dev.baton.checkpoint.ModelFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code --model} can mean: a folder or file here, else a model on the hub. */
public final class ModelSource {
    private static final Pattern SNAPSHOT =
            Pattern.compile(".*/models--([^/]+?)--([^/]+)/snapshots/[0-9a-f]{40}(/[^/]+)?");

    private ModelSource() {}

    /**
     * The folder or file. A path that exists wins over a name; what looks like neither is taken for a path.
     *
     * @throws dev.baton.cli.host.CliException when the model is not here and cannot be fetched
     */
    public static Path find(String text, Progress progress) {
        Path path = Path.of(text).toAbsolutePath().normalize();
        boolean meansPath = text.startsWith("/") || text.startsWith(".") || text.startsWith("~") || !text.contains("/");
        if (Files.exists(path) || meansPath) {
            return path;
        }
        return new Hub(HubSettings.of(System.getenv()), progress).fetch(ModelName.parse(text));
    }

    /** What clients call the model there: {@code org/name} in the hub's cache, elsewhere the folder's or the file's name. */
    public static String servedName(Path model) {
        Matcher cached = SNAPSHOT.matcher(model.toString());
        if (cached.matches()) {
            return cached.group(1) + "/" + cached.group(2);
        }
        return ModelFiles.defaultName(model);
    }
}
