package dev.baton.stack.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Counts tests by the kind of stack they ran on, over all modules of one build: each test adds a line to
 * {@code target/stack-usage/<build>} in the root folder, and {@link #main} adds them up.
 */
public final class StackUsage {
    private static final String FOLDER = "target/stack-usage";

    private StackUsage() {}

    /** One test has run. Lines this short are appended whole, so that JVMs may write at the same time. */
    static void count(TestStack.Kind kind) {
        root(Path.of(System.getProperty("basedir", "."))).ifPresent(root -> {
            try {
                Path folder = Files.createDirectories(root.resolve(FOLDER));
                Files.writeString(
                        folder.resolve(file(System.getProperty("baton.build", "unnamed"))),
                        kind + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Prints the counts of the latest build. Argument: a folder inside the project, by default the working folder. */
    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
        Path start = Path.of(args.length > 0 ? args[0] : ".");
        System.out.println(summary(start));
    }

    static String summary(Path start) throws IOException {
        Optional<Path> latest = latest(start);
        if (latest.isEmpty()) {
            return "Kafka and Redis: no test of this build used them.";
        }
        Map<TestStack.Kind, Long> counts = new EnumMap<>(TestStack.Kind.class);
        for (String line : Files.readAllLines(latest.get())) {
            counts.merge(TestStack.Kind.valueOf(line), 1L, Long::sum);
        }
        return "Kafka and Redis: " + counts.getOrDefault(TestStack.Kind.CONTAINERS, 0L)
                + " tests on containers (Testcontainers), "
                + counts.getOrDefault(TestStack.Kind.CHILD_PROCESSES, 0L)
                + " on child processes of this build (real broker, real server).";
    }

    private static Optional<Path> latest(Path start) throws IOException {
        Optional<Path> folder = root(start).map(root -> root.resolve(FOLDER)).filter(Files::isDirectory);
        if (folder.isEmpty()) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(folder.get())) {
            List<Path> byTime = files.sorted(java.util.Comparator.comparing(
                            (Path file) -> file.toFile().lastModified()))
                    .toList();
            return byTime.isEmpty() ? Optional.empty() : Optional.of(byTime.getLast());
        }
    }

    private static Optional<Path> root(Path start) {
        Path folder = start.toAbsolutePath();
        while (folder != null && Files.notExists(folder.resolve("mvnw"))) {
            folder = folder.getParent();
        }
        return Optional.ofNullable(folder);
    }

    private static String file(String build) {
        return build.replaceAll("[^0-9A-Za-z]", "-");
    }
}
