package dev.baton.stack;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A Redis that keeps nothing on disk and listens on 127.0.0.1 only: the {@code redis-server} on the PATH, else the
 * static binary that {@code org.signal:embedded-redis} carries.
 */
public final class RedisProcess implements StackProcess {
    private static final String NAME = "redis";
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(1);

    /** @param password null: none is asked for */
    public record Settings(
            int port, Path folder, Path log, @Nullable String password, Duration readyWithin) {
        public Settings {
            if (password != null) {
                Login.checkPassword(password);
            }
            folder = folder.toAbsolutePath();
            log = log.toAbsolutePath();
        }

        /** {@code redis://[:password@]127.0.0.1:port}. */
        public URI url() {
            String user = password == null ? "" : ":" + URLEncoder.encode(password, StandardCharsets.UTF_8) + "@";
            return URI.create("redis://" + user + "127.0.0.1:" + port);
        }

        /** Does not show the password. */
        @Override
        public String toString() {
            return "Redis on port " + port + " in " + folder;
        }
    }

    private final Settings settings;
    private final Process process;
    private final ChildProcess child;

    private RedisProcess(Settings settings, Process process) {
        this.settings = settings;
        this.process = process;
        this.child = ChildProcess.of(NAME, process);
    }

    /** A Redis that someone else runs, named by {@code REDIS_URL}. */
    public static Optional<URI> given(Map<String, String> environment) {
        return Optional.ofNullable(environment.get("REDIS_URL"))
                .filter(url -> !url.isBlank())
                .map(URI::create);
    }

    /** Starts Redis and returns once it serves. */
    public static RedisProcess start(Settings settings) {
        RedisProcess redis = launch(settings);
        redis.awaitReady();
        return redis;
    }

    /** Starts Redis and returns at once: it serves when {@link #ready} says so. */
    public static RedisProcess launch(Settings settings) {
        if (!Ports.isFree(settings.port())) {
            throw new StackException("Redis cannot listen on 127.0.0.1:" + settings.port()
                    + ": the port is taken. Choose another, or end what listens there.");
        }
        Path folder = ProcessLauncher.privateFolder(settings.folder());
        Path configuration;
        Path binary;
        try {
            Files.createDirectories(settings.log().getParent());
            configuration = write(folder, settings);
            binary = binary(folder);
        } catch (IOException e) {
            throw new StackException("Redis' folder " + folder + " cannot be written", e);
        }
        List<String> command = List.of(binary.toString(), configuration.toString());
        return new RedisProcess(settings, ProcessLauncher.start(NAME, command, folder, settings.log()));
    }

    /** Returns once it serves; ends it and throws when that takes too long. */
    public void awaitReady() {
        ProcessLauncher.awaitReady(NAME, process, settings.log(), settings.readyWithin(), this::ready);
    }

    @Override
    public ChildProcess child() {
        return child;
    }

    @Override
    public boolean ready() {
        return answers(settings);
    }

    @Override
    public OptionalInt exitStatus() {
        return ProcessLauncher.exitStatus(process);
    }

    @Override
    public Path log() {
        return settings.log();
    }

    @Override
    public String lastWords() {
        return ProcessLauncher.tail(settings.log());
    }

    public URI url() {
        return settings.url();
    }

    /** Stops it gracefully, and kills it when that takes too long. */
    @Override
    public void close() {
        child.stop(GRACE);
    }

    /** kill -9: what a test does to Redis. */
    public void kill() {
        child.kill();
    }

    private static Path write(Path folder, Settings settings) throws IOException {
        StringBuilder text = new StringBuilder("""
            bind 127.0.0.1
            protected-mode yes
            daemonize no
            save ""
            appendonly no
            loglevel notice
            maxmemory-policy noeviction
            """);
        text.append("port ").append(settings.port()).append('\n');
        text.append("dir \"").append(folder).append("\"\n");
        if (settings.password() != null) {
            text.append("requirepass \"").append(settings.password()).append("\"\n");
        }
        Path file = folder.resolve("redis.conf");
        Files.deleteIfExists(file);
        ProcessLauncher.privateFile(file);
        Files.writeString(file, text);
        return file;
    }

    private static Path binary(Path folder) throws IOException {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        for (String place : path.split(java.io.File.pathSeparator, -1)) {
            Path candidate = Path.of(place, "redis-server");
            if (!place.isBlank() && Files.isExecutable(candidate)) {
                return candidate;
            }
        }
        return extract(folder);
    }

    private static Path extract(Path folder) throws IOException {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : "linux";
        String machine = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        String resource = "/redis-server-7.0.15-" + system + "-" + machine;
        Path file = folder.resolve(resource.substring(1));
        if (Files.isExecutable(file)) {
            return file;
        }
        try (InputStream in = RedisProcess.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new StackException("No Redis for " + system + " " + machine
                        + " is bundled. Install redis-server, or set REDIS_URL to a running Redis.");
            }
            Path fresh = Files.createTempFile(folder, "redis-server", ".new");
            Files.copy(in, fresh, StandardCopyOption.REPLACE_EXISTING);
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwx------"));
            return Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static boolean answers(Settings settings) {
        try {
            return "+PONG".equals(new RedisConsole(settings.url(), ANSWER_LIMIT).ask("PING"));
        } catch (IOException e) {
            return false;
        }
    }
}
