package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import dev.baton.cli.hub.Listing.Digest;
import dev.baton.cli.hub.Listing.RepoFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks the hub. Redirects are followed here, so that the token goes to the hub alone and never to the host that stores the
 * files. A refusal that a person can mend is a {@link CliException}; what may pass is a {@link HubException}.
 */
final class HubClient {
    private static final int MAX_REDIRECTS = 5;
    private static final int MAX_LISTING_BYTES = 32 << 20;
    private static final int MAX_FILES = 100_000;
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final JsonMapper JSON = new JsonMapper();

    private final HubSettings settings;
    private final Duration silence;

    /** @param silence after this without a byte a connection counts as dead */
    HubClient(HubSettings settings, Duration silence) {
        this.settings = settings;
        this.silence = silence;
    }

    /** An answer whose body is still to be read. Close it. */
    record Answer(HttpURLConnection connection, int status) implements AutoCloseable {
        InputStream body() throws IOException {
            return connection.getInputStream();
        }

        Optional<String> header(String name) {
            return Optional.ofNullable(connection.getHeaderField(name));
        }

        @Override
        public void close() {
            connection.disconnect();
        }
    }

    Listing listing(ModelName model) throws IOException {
        URI address = URI.create("%s/api/models/%s/revision/%s?blobs=true"
                .formatted(
                        settings.endpoint(), model.id(), URLEncoder.encode(model.revision(), StandardCharsets.UTF_8)));
        try (Answer answer = get(model, address, 0)) {
            byte[] body = answer.body().readNBytes(MAX_LISTING_BYTES + 1);
            if (body.length > MAX_LISTING_BYTES) {
                throw new CliException(
                        "the hub's list of %s has more than %d bytes".formatted(model, MAX_LISTING_BYTES));
            }
            return listing(model, JSON.readTree(body));
        } catch (JacksonException e) {
            throw new CliException(
                    "%s does not answer as a hub does (%s): check HF_ENDPOINT"
                            .formatted(settings.endpoint(), e.getOriginalMessage()),
                    e);
        }
    }

    private Listing listing(ModelName model, JsonNode json) {
        String commit = json.path("sha").asString("");
        if (!ModelName.isCommit(commit)) {
            throw new CliException("%s does not answer as a hub does (no commit in its list of %s): check HF_ENDPOINT"
                    .formatted(settings.endpoint(), model));
        }
        List<RepoFile> files = new ArrayList<>();
        for (JsonNode file : json.path("siblings")) {
            long bytes = file.path("lfs").path("size").asLong(file.path("size").asLong(-1));
            Digest digest = digest(file);
            String name = file.path("rfilename").asString("");
            if (bytes >= 0 && digest != null && !name.isEmpty() && files.size() < MAX_FILES) {
                files.add(new RepoFile(name, bytes, digest));
            }
        }
        if (files.isEmpty()) {
            throw new CliException(
                    "%s lists no files of %s with size and digest".formatted(settings.endpoint(), model));
        }
        return new Listing(commit, files);
    }

    private static @Nullable Digest digest(JsonNode file) {
        String sha256 = file.path("lfs").path("sha256").asString("");
        String gitBlob = file.path("blobId").asString("");
        if (sha256.matches("[0-9a-f]{64}")) {
            return new Digest(Digest.Kind.SHA256, sha256);
        }
        return gitBlob.matches("[0-9a-f]{40}") ? new Digest(Digest.Kind.GIT_BLOB, gitBlob) : null;
    }

    /**
     * One file of a commit, from a byte on.
     *
     * @param from first byte wanted; the answer may begin at 0 all the same, then its status is 200
     */
    Answer file(ModelName model, String commit, String name, long from) throws IOException {
        return get(
                model,
                URI.create("%s/%s/resolve/%s/%s".formatted(settings.endpoint(), model.id(), commit, name)),
                from);
    }

    private Answer get(ModelName model, URI first, long from) throws IOException {
        URI address = first;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            HttpURLConnection connection = open(address, from);
            int status;
            try {
                status = connection.getResponseCode();
            } catch (IOException | RuntimeException e) {
                connection.disconnect();
                throw e;
            }
            String location = connection.getHeaderField("Location");
            switch (status) {
                case 200, 206 -> {
                    return new Answer(connection, status);
                }
                case 301, 302, 303, 307, 308 -> {
                    connection.disconnect();
                    address = next(address, location);
                }
                default -> {
                    try (Answer refused = new Answer(connection, status)) {
                        throw refusal(model, address, refused);
                    }
                }
            }
        }
        throw new IOException("%s redirects more than %d times".formatted(first, MAX_REDIRECTS));
    }

    private HttpURLConnection open(URI address, long from) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
        connection.setInstanceFollowRedirects(false);
        connection.setConnectTimeout((int) CONNECT.toMillis());
        connection.setReadTimeout((int) silence.toMillis());
        connection.setUseCaches(false);
        connection.setRequestProperty("User-Agent", "baton");
        connection.setRequestProperty("Accept-Encoding", "identity");
        if (from > 0) {
            connection.setRequestProperty("Range", "bytes=" + from + "-");
        }
        if (isHub(address)) {
            settings.token().ifPresent(token -> connection.setRequestProperty("Authorization", "Bearer " + token));
        }
        return connection;
    }

    private boolean isHub(URI address) {
        URI hub = settings.endpoint();
        return address.getScheme().equals(hub.getScheme())
                && address.getHost().equalsIgnoreCase(hub.getHost())
                && port(address) == port(hub);
    }

    private static int port(URI address) {
        return address.getPort() >= 0 ? address.getPort() : address.getScheme().equals("https") ? 443 : 80;
    }

    private static URI next(URI address, @Nullable String location) throws IOException {
        try {
            URI next = address.resolve(location == null ? "" : location);
            String scheme = String.valueOf(next.getScheme()).toLowerCase(Locale.ROOT);
            if (next.getHost() != null
                    && (scheme.equals("https")
                            || (scheme.equals("http") && address.getScheme().equals("http")))) {
                return next;
            }
        } catch (IllegalArgumentException e) {
            throw new MalformedURLException("%s redirects to no address: %s".formatted(address, e.getMessage()));
        }
        throw new IOException("%s redirects to '%.200s', which is not followed".formatted(address, location));
    }

    private IOException refusal(ModelName model, URI address, Answer answer) {
        String code = answer.header("X-Error-Code").orElse("");
        String page = settings.endpoint() + "/" + model.id();
        String token = settings.token().isPresent() ? "the token in HF_TOKEN" : "no token (HF_TOKEN is not set)";
        if (!isHub(address)) {
            return new HubException(
                    "%s answers %d for a file of %s".formatted(address.getHost(), answer.status(), model),
                    retryAfter(answer));
        }
        return switch (answer.status()) {
            case 401, 403 ->
                throw new CliException(
                        code.equals("GatedRepo")
                                ? "%s is gated, and the hub refuses %s: accept its terms at %s and set HF_TOKEN to a token that may read it"
                                        .formatted(model, token, page)
                                : "the hub refuses %s with %s: check the name at %s, or set HF_TOKEN to a token that may read it"
                                        .formatted(model, token, page));
            case 404 ->
                throw new CliException(
                        switch (code) {
                            case "RevisionNotFound" ->
                                "%s has no revision %s: see %s/branches".formatted(model.id(), model.revision(), page);
                            case "EntryNotFound" -> "a file of %s is gone from the hub: see %s".formatted(model, page);
                            default ->
                                "there is no model %s at %s: check its name".formatted(model, settings.endpoint());
                        });
            default ->
                new HubException("the hub answers %d for %s".formatted(answer.status(), model), retryAfter(answer));
        };
    }

    /** Seconds or a date, as the header has it. */
    private static Optional<Duration> retryAfter(Answer answer) {
        return answer.header("Retry-After").map(String::strip).flatMap(text -> {
            if (text.matches("\\d{1,9}")) {
                return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
            }
            try {
                ZonedDateTime until = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME);
                long now = answer.connection().getHeaderFieldDate("Date", System.currentTimeMillis());
                return Optional.of(
                        Duration.ofMillis(Math.max(0, until.toInstant().toEpochMilli() - now)));
            } catch (DateTimeParseException e) {
                return Optional.empty();
            }
        });
    }
}
