package dev.baton.cli.doctor;

import dev.baton.cli.host.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The native code that Baton loads, each with the module on whose class path it lies. */
enum NativeLibrary {
    TOKENIZERS("tokenizers", "gateway"),
    LIBTORCH("libtorch", "model-torch"),
    LIBBATON("libbaton", "model");

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final String label;
    private final String module;

    NativeLibrary(String label, String module) {
        this.label = label;
        this.module = module;
    }

    String label() {
        return label;
    }

    /** @param detail what was found, or why it does not load */
    record Answer(boolean loads, String detail) {}

    /** Loads it in a child process. */
    Answer probe() {
        try {
            Path target = Installation.home().resolve(module).resolve("target");
            Path output = Files.createTempFile("baton-doctor", ".out");
            try {
                Process process = new ProcessBuilder(command(target))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
                if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                    return new Answer(false, "had not loaded after " + LIMIT.toSeconds() + " s");
                }
                return answer(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            return new Answer(false, "cannot be tried: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answer(false, "interrupted");
        }
    }

    private List<String> command(Path target) throws IOException {
        Path here = Installation.home().resolve("cli/target/cli-0.1.0-SNAPSHOT.jar");
        String classPath = String.join(
                java.io.File.pathSeparator,
                here.toString(),
                target.resolve(module + "-0.1.0-SNAPSHOT.jar").toString(),
                Files.readString(target.resolve("runtime.classpath")).strip());
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-Dai.djl.offline=true",
                "-cp",
                classPath,
                NativeProbe.class.getName(),
                name());
    }

    /** The last line is the answer of a probe that went well; else the innermost cause says most. */
    static Answer answer(int status, String output) {
        List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
        if (status == 0 && !lines.isEmpty()) {
            return new Answer(true, lines.getLast());
        }
        String cause = lines.stream()
                .filter(line -> line.startsWith("Caused by: ") || line.startsWith("Exception in thread"))
                .reduce((outer, inner) -> inner)
                .orElse(lines.isEmpty() ? "no word" : lines.getLast())
                .replaceFirst("^(Caused by: |Exception in thread \"main\" )", "");
        return new Answer(false, "does not load (status " + status + "): " + cause);
    }
}
