package dev.baton.cli.doctor;

import dev.baton.cli.bench.ModuleBenchCommand;
import dev.baton.cli.doctor.Finding.State;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Host;
import dev.baton.cli.host.Installation;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackPorts;
import dev.baton.stack.Ports;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton doctor}: what is found, what is missing, what to do. Exit 1 when something needed is missing. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Checks what this machine has and says what to do.")
public final class DoctorCommand implements Callable<Integer> {
    private static final long GIB = 1L << 30;
    private static final String EXACT_BENCH = "dev.baton.bench.engine.EngineBench";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before call
    private CommandSpec spec;

    @Option(names = "--port", description = "Gateway port to check (default: ${DEFAULT-VALUE}).", defaultValue = "8080")
    private int port;

    @Option(names = "--stack", description = "Checks the stack that runs here instead of the machine.")
    private boolean stack;

    @Option(
            names = "--exact",
            description = "Runs every arrangement of the work on a model and compares the bits: minutes of work.")
    private boolean exact;

    @Option(names = "--model", description = "Model folder or GGUF file for --exact (default: the demo model).")
    private @Nullable Path model;

    private final List<Finding> findings = new ArrayList<>();

    @Override
    public Integer call() {
        if (stack) {
            findings.addAll(StackCheck.run(StackPorts.ofRunningStack()));
            return finish();
        }
        if (exact) {
            return ModuleBenchCommand.run(
                    EXACT_BENCH, List.of("--exact", "--shapes", exactModel().toString()));
        }
        jdk();
        memory();
        sharedMemory();
        ports();
        natives();
        processor();
        gpu();
        redis();
        return finish();
    }

    private Path exactModel() {
        Path folder = (model == null ? Installation.home().resolve("models/demo") : model).toAbsolutePath();
        if (!Files.exists(folder)) {
            throw new CliException("--model " + folder + " is not there: name a model folder or a GGUF file");
        }
        return folder;
    }

    private int finish() {
        print();
        return findings.stream().anyMatch(finding -> finding.state() == State.MISSING) ? 1 : 0;
    }

    private void jdk() {
        Runtime.Version version = Runtime.version();
        found(
                "JDK",
                version.feature() >= 25,
                version + " in " + System.getProperty("java.home"),
                "install a JDK 25 and set JAVA_HOME");
    }

    private void memory() {
        Optional<Long> available = Host.availableMemory();
        found(
                "memory",
                available.orElse(Long.MAX_VALUE) >= 3 * GIB,
                available.map(DoctorCommand::gib).orElse("unknown") + " available",
                "./baton up wants about 3 GiB: close something, or use --prefill 0 --decode 1");
    }

    private void sharedMemory() {
        Path shm = Path.of("/dev/shm");
        Optional<Long> free = Host.freeBytes(shm);
        if (free.isEmpty()) {
            note("/dev/shm", "absent: KV pools will be mapped files under the temporary folder (slower)");
        } else {
            found(
                    "/dev/shm",
                    free.get() >= GIB / 2,
                    gib(free.get()) + " free",
                    "mount it larger (in a container: --shm-size=1g), or shrink the pools with --kv-memory");
        }
    }

    private void ports() {
        String what = "port " + port;
        if (Ports.isFree(port)) {
            note(State.FINE, what, "free");
            return;
        }
        Optional<URI> own = LocalStack.running();
        if (own.isPresent() && own.get().getPort() == port) {
            note(State.FINE, what, "Baton itself: it is up at " + own.get());
        } else {
            note(State.MISSING, what, "taken – stop what listens there, or start with --port");
        }
    }

    private void natives() {
        for (NativeLibrary library : NativeLibrary.values()) {
            NativeLibrary.Answer answer = library.probe();
            found(
                    library.label(),
                    answer.loads(),
                    answer.detail(),
                    library == NativeLibrary.LIBBATON
                            ? "works without it, but slowly: the kernels are then Java's"
                            : "proven on Linux x86-64 with glibc only: use the containers of docker-compose.yml");
        }
    }

    private void processor() {
        Set<String> flags = Set.of(Host.cpuFlags().split(" "));
        found(
                "processor",
                flags.contains("avx2")
                        || flags.contains("avx512_bf16")
                        || Host.cpuFlags().isEmpty(),
                Stream.of("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vnni", "avx512_bf16")
                        .filter(flags::contains)
                        .collect(Collectors.joining(", ")),
                "works, but slowly: a processor with AVX2 is 5 to 10 times faster");
        note("cores", Runtime.getRuntime().availableProcessors() + "");
    }

    private void gpu() {
        boolean device = Files.exists(Path.of("/dev/nvidiactl"));
        note(
                "GPU",
                device
                        ? run("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
                        : "none: models run on the processor");
    }

    private void redis() {
        String url = System.getenv("REDIS_URL");
        note(
                "Redis",
                url != null
                        ? "REDIS_URL is set"
                        : onPath("redis-server") ? "redis-server on the PATH" : "the binary that Baton brings");
        Path model = Installation.home().resolve("models/demo");
        found(
                "demo model",
                Files.isRegularFile(model.resolve("model.safetensors")),
                model.toString(),
                "restore models/demo from git");
    }

    private static boolean onPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(
                            process.getInputStream().readNBytes(4096), java.nio.charset.StandardCharsets.UTF_8)
                    .strip();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return output.lines().findFirst().orElse("no answer from " + command[0]);
        } catch (IOException e) {
            return "a device, but no " + command[0];
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    private void found(String what, boolean fine, String detail, String remedy) {
        findings.add(fine ? Finding.fine(what, detail) : Finding.missing(what, detail, remedy));
    }

    private void note(String what, String detail) {
        note(State.NOTE, what, detail);
    }

    private void note(State state, String what, String detail) {
        findings.add(new Finding(state, what, detail));
    }

    private void print() {
        PrintWriter out = spec.commandLine().getOut();
        for (Finding finding : findings) {
            String mark = spec.commandLine()
                    .getColorScheme()
                    .ansi()
                    .string(
                            switch (finding.state()) {
                                case FINE -> "@|green ✓|@";
                                case NOTE -> "·";
                                case MISSING -> "@|red ✗|@";
                            });
            out.printf("  %s %-22s %s%n", mark, finding.what(), finding.detail());
        }
        out.flush();
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) GIB);
    }
}
