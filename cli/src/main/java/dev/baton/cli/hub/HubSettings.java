package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Which hub is asked and where its models are kept, by the variables that other tools read too.
 *
 * @param endpoint {@code HF_ENDPOINT}, without a slash at its end
 * @param token {@code HF_TOKEN}, or the file {@code token} in {@code HF_HOME}; sent to the endpoint alone
 * @param cache {@code HF_HUB_CACHE}, or {@code hub} in {@code HF_HOME}
 * @param offline {@code HF_HUB_OFFLINE}: nothing is asked, what the cache has is used
 */
public record HubSettings(URI endpoint, Optional<String> token, Path cache, boolean offline) {
    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final long LONGEST_TOKEN = 4096;

    /** @throws CliException when a variable cannot be what it should */
    public static HubSettings of(Map<String, String> environment) {
        Path home = path(environment, "HF_HOME")
                .orElseGet(() -> path(environment, "XDG_CACHE_HOME")
                        .orElse(Path.of(System.getProperty("user.home"), ".cache"))
                        .resolve("huggingface"));
        return new HubSettings(
                endpoint(value(environment, "HF_ENDPOINT").orElse(DEFAULT_ENDPOINT)),
                value(environment, "HF_TOKEN")
                        .or(() -> tokenIn(home.resolve("token")))
                        .map(HubSettings::checkedToken),
                path(environment, "HF_HUB_CACHE").orElse(home.resolve("hub")),
                value(environment, "HF_HUB_OFFLINE").filter(HubSettings::yes).isPresent());
    }

    private static Optional<String> value(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    private static Optional<Path> path(Map<String, String> environment, String name) {
        return value(environment, name)
                .map(text -> Path.of(text).toAbsolutePath().normalize());
    }

    private static boolean yes(String text) {
        return switch (text.toUpperCase(java.util.Locale.ROOT)) {
            case "1", "TRUE", "YES", "ON" -> true;
            default -> false;
        };
    }

    private static URI endpoint(String text) {
        try {
            URI uri = new URI(text.replaceAll("/+$", ""));
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (http && uri.getHost() != null && uri.getUserInfo() == null && uri.getQuery() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw new CliException("HF_ENDPOINT is no address: " + e.getMessage(), e);
        }
        throw new CliException(
                "HF_ENDPOINT is '%.200s': an address like %s is wanted".formatted(text, DEFAULT_ENDPOINT));
    }

    private static Optional<String> tokenIn(Path file) {
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > LONGEST_TOKEN) {
                return Optional.empty();
            }
            return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
        } catch (IOException e) {
            throw new CliException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
        }
    }

    /** A line break in a header would be a header of its own. */
    private static String checkedToken(String token) {
        if (token.length() > LONGEST_TOKEN || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new CliException("HF_TOKEN is no token: it has blanks, control characters or is too long");
        }
        return token;
    }

    @Override
    public String toString() {
        return "HubSettings[%s, %s, token %s]".formatted(endpoint, cache, token.isPresent() ? "given" : "none");
    }
}
