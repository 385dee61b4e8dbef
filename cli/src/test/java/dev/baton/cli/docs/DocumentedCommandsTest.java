package dev.baton.cli.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cli.Baton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Each command of the documents is one: {@code ./baton} takes its arguments, and what is not {@code ./baton} is in the table
 * of those whose like a test runs. So a new command or option in a document fails here until it is true.
 */
class DocumentedCommandsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final String BATON = "./baton ";
    private static final Pattern ASSIGNMENTS = Pattern.compile("^([A-Z_]+=[^\\s'\"(]+ )+(?=[a-z.])");
    private static final Pattern OPTION = Pattern.compile("--[a-z-]+");

    /** What a reader puts something in the place of. */
    private static final Map<String, String> PLACEHOLDERS = Map.of(
            "OFFSET", "12", "org/name[@revision]", "org/name", "[ID]", "ID", "[OFFSET]", "12", "[TENANT]", "TENANT");

    /** Named in a sentence, without what they need. */
    private static final Map<String, String> NAMED_ONLY =
            Map.of("models remove", "models remove NAME", "up --model", "up --model NAME");

    /** Subcommands, and who runs them: a test, or a script of the tree. */
    private static final Map<String, String> RUN_BY = Map.ofEntries(
            Map.entry("up", "UpIT"),
            Map.entry("down", "UpIT"),
            Map.entry("status", "UpIT"),
            Map.entry("logs", "UpIT"),
            Map.entry("restart", "RollingIT"),
            Map.entry("top", "OperationsIT"),
            Map.entry("requests", "OperationsIT"),
            Map.entry("drain", "OperationsIT"),
            Map.entry("quotas", "OperationsIT"),
            Map.entry("dlq", "OperationsIT"),
            Map.entry("models", "HubTest"),
            Map.entry("doctor", "StackCheckTest"),
            Map.entry("bench", "FlippedBitsIT"),
            Map.entry("chaos", "ChaosIT"),
            Map.entry("chat", "TerminalTextTest"),
            Map.entry("test", "baton"));

    /** Other lines of blocks, in full, and who runs their like; those that are no commands at the end. */
    private static final Map<String, String> OTHERS = others();

    private static Map<String, String> others() {
        Map<String, String> others = new LinkedHashMap<>();
        others.put("curl (-N )?http://127\\.0\\.0\\.1:8080/v1/chat/completions .*", "AnswersIT");
        others.put("curl http://127\\.0\\.0\\.1:8080/v1/models -H .*", "tools/containers/rehearse");
        others.put("curl -H \"Authorization: Bearer \\$key\" http://127\\.0\\.0\\.1:PORT/actuator", "OperationsIT");
        others.put("key=\\$\\(sed -n 's/\\^operator\\.key=//p' \\.baton/credentials\\)", "StackCredentialsIT");
        // Keys: openssl and od make random bytes, sha256sum the line that HashedKeys reads.
        others.put(
                "(KEY|key)=\\w+-\\$\\((openssl rand -hex 32|od -An -N32 -tx1 /dev/urandom \\| tr -d ' \\\\n')\\)",
                "config/stack/init");
        others.put("(echo|printf) .*sha256sum.* >> (keys\\.txt|api-keys)", "config/stack/init");
        others.put("echo \"\\$key\"", "config/stack/init");
        others.put("config/stack/init", "tools/containers/rehearse");
        others.put("(docker compose .*|docker compose down)", "tools/containers/rehearse");
        others.put("\\./mvnw -DskipTests -Pimage -pl gateway -am package", "Dockerfile");
        others.put("java -Djarmode=tools -jar .* extract --layers --destination layers", "Dockerfile");
        others.put("mkdir app && cp -r layers/\\*/\\. app/ && mv app/gateway-\\*\\.jar app/app\\.jar", "Dockerfile");
        others.put("java --enable-native-access=ALL-UNNAMED -jar app/app\\.jar", "Dockerfile");
        others.put("\\./mvnw -pl bench -am package -Dtest=LoadedMemoryTest .*", "LoadedMemoryTest");
        others.put("tools/rivals/setup\\.sh", "tools/rivals/setup.sh");
        others.put("tools/containers/rehearse", "tools/containers/rehearse");
        others.put("apt-get install podman .*", "tools/containers/rehearse");
        others.put("export PYTORCH_LIBRARY_PATH=.*", "tools/libtorch/README.md");
        others.put("git clone .*/djl /tmp/djl", "tools/libtorch/build-jni.sh");
        others.put("eval \"\\$\\(tools/libtorch/build-jni\\.sh .*", "tools/libtorch/build-jni.sh");
        others.put(
                "(python -m venv \\.venv && )?\\.venv/bin/(pip install|python tools/reference/).*",
                "tools/reference/README.md");
        // No commands: settings, lines of files, drawings.
        others.put("(--)?(baton|spring|management)\\.[a-z.-]+[=:].*", "docs/operations.md");
        others.put("(tenant )?my-team[ :].*", "ApiKeysTest");
        others.put("(day,tenant,|2026-).*", "docs/operations.md");
        others.put("SPRING_[A-Z_]+=.*", "docs/security.md");
        others.put(".*[─│└].*", "docs/architecture.md");
        return others;
    }

    @Test
    void batonTakesTheArgumentsOfEach() throws IOException {
        List<String> wrong = new ArrayList<>();
        int parsed = 0;
        for (DocumentedCommands.Line line : DocumentedCommands.of(ROOT)) {
            String command = ASSIGNMENTS.matcher(line.text()).replaceFirst("");
            if (!command.startsWith(BATON) || command.equals("./baton test")) {
                continue;
            }
            parsed++;
            String words = command.substring(BATON.length()).strip();
            String problem = problem(NAMED_ONLY.getOrDefault(words, words).split("\\s+"));
            if (!problem.isEmpty()) {
                wrong.add(line + ": " + problem);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(parsed).as("commands found").isGreaterThan(80);
    }

    /** Why these are no arguments of {@code ./baton}; empty when they are. */
    private static String problem(String... words) throws IOException {
        String[] arguments = Arrays.stream(words)
                .map(word -> PLACEHOLDERS.getOrDefault(word, word))
                .toArray(String[]::new);
        try {
            ParseResult result = new CommandLine(new Baton())
                    .setCaseInsensitiveEnumValuesAllowed(true)
                    .parseArgs(arguments);
            // What is handed on to the bench in its own JVM: it reads its options by hand, so look whether it knows
            // their names.
            Set<String> unknown = new TreeSet<>();
            while (result.hasSubcommand()) {
                result = result.subcommand();
                result.unmatched().stream()
                        .filter(word -> OPTION.matcher(word).matches())
                        .forEach(unknown::add);
            }
            if (!unknown.isEmpty()) {
                String sources = benchSources();
                unknown.removeIf(option ->
                        Pattern.compile(option + "(?![a-z-])").matcher(sources).find());
            }
            return unknown.isEmpty() ? "" : "the bench does not know " + unknown;
        } catch (ParameterException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void noticesWhatIsNoCommand() throws IOException {
        assertThat(problem("up", "--no-such-option")).contains("--no-such-option");
        assertThat(problem("upp")).contains("upp");
        assertThat(problem("bench", "engine", "--no-such-option")).contains("--no-such-option");
        assertThat(problem("bench", "recovery", "--streams", "many")).contains("many");
        assertThat(DocumentedCommands.of(
                        Path.of("x"),
                        List.of("text", "", "    ./baton up \\", "      --detach   # why", "", "`./baton top`")))
                .extracting(DocumentedCommands.Line::text)
                .containsExactly("./baton up --detach", "./baton top");
    }

    @Test
    void everyOtherLineIsInTheTable() throws IOException {
        List<DocumentedCommands.Line> unknown = new ArrayList<>();
        Set<String> unused = new TreeSet<>(OTHERS.keySet());
        for (DocumentedCommands.Line line : DocumentedCommands.of(ROOT)) {
            String command = ASSIGNMENTS.matcher(line.text()).replaceFirst("");
            if (command.startsWith(BATON)) {
                continue;
            }
            List<String> known =
                    OTHERS.keySet().stream().filter(command::matches).toList();
            if (known.isEmpty()) {
                unknown.add(line);
            }
            unused.removeAll(known);
        }
        assertThat(unknown)
                .as("a command that no test runs the like of: add it to the table, with the test")
                .isEmpty();
        assertThat(unused).as("entries of the table that no document has").isEmpty();
    }

    @Test
    void whoRunsThemIsThere() throws IOException {
        Set<String> runners = new TreeSet<>(RUN_BY.values());
        runners.addAll(OTHERS.values());
        Set<String> tests = new TreeSet<>();
        for (Path module : modules()) {
            try (Stream<Path> files = Files.walk(module.resolve("src/test/java"))) {
                files.map(path -> path.getFileName().toString().replace(".java", ""))
                        .forEach(tests::add);
            }
        }
        runners.removeIf(runner -> tests.contains(runner) || Files.exists(ROOT.resolve(runner)));
        assertThat(runners).isEmpty();
        Set<String> commands =
                new TreeSet<>(new CommandLine(new Baton()).getSubcommands().keySet());
        commands.removeAll(RUN_BY.keySet());
        // Hidden: ./baton itself calls it while it builds.
        assertThat(commands).as("subcommands that nobody runs").isSubsetOf("prepare");
    }

    private static List<Path> modules() throws IOException {
        try (Stream<Path> folders = Files.list(ROOT)) {
            return folders.filter(folder -> Files.isDirectory(folder.resolve("src/test/java")))
                    .toList();
        }
    }

    private static String benchSources() throws IOException {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.walk(ROOT.resolve("bench/src/main/java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                text.append(Files.readString(file));
            }
        }
        return text.toString();
    }
}
