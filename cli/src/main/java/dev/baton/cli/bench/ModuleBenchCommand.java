package dev.baton.cli.bench;

import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.stack.C1Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** A bench of the module {@code bench}: a child JVM on that module's class path; arguments are passed on. */
public abstract class ModuleBenchCommand implements Callable<Integer> {
    private static final String MODULE = "bench";

    private final String mainClass;

    @Unmatched
    private List<String> arguments = new ArrayList<>();

    ModuleBenchCommand(String mainClass) {
        this.mainClass = mainClass;
    }

    @Override
    public Integer call() {
        return run(mainClass, arguments);
    }

    /**
     * Runs a bench and returns its exit status.
     *
     * @throws CliException when the module is not built
     */
    public static int run(String mainClass, List<String> arguments) {
        Path target = Installation.home().resolve(MODULE).resolve("target");
        try {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dslf4j.internal.verbosity=ERROR",
                    "-Xmx2g",
                    "-Dbaton.home=" + Installation.home()));
            command.addAll(C1Options.ALL); // as the workers run
            command.addAll(List.of(
                    "-cp",
                    target.resolve(MODULE + "-0.1.0-SNAPSHOT.jar")
                            + java.io.File.pathSeparator
                            + Files.readString(target.resolve("runtime.classpath"))
                                    .strip(),
                    mainClass));
            command.addAll(arguments);
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new CliException(MODULE + " is not built: run ./mvnw package", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    @Command(name = "engine", description = "Tokens per second of the engine alone; --help says more.")
    static final class Engine extends ModuleBenchCommand {
        Engine() {
            super("dev.baton.bench.engine.EngineBench");
        }
    }

    @Command(name = "cache", description = "What the KV cache finds in a published trace; --help says more.")
    static final class Cache extends ModuleBenchCommand {
        Cache() {
            super("dev.baton.bench.cache.CacheBench");
        }
    }

    @Command(name = "masks", description = "What guaranteed structure costs, and whether it holds; --help says more.")
    static final class Masks extends ModuleBenchCommand {
        Masks() {
            super("dev.baton.bench.masks.MaskBench");
        }
    }

    @Command(name = "transfer", description = "KV transfer against memcpy; --help says more.")
    static final class Transfer extends ModuleBenchCommand {
        Transfer() {
            super("dev.baton.bench.transfer.TransferBench");
        }
    }
}
