package dev.baton.cli.bench;

import dev.baton.cli.Baton;
import dev.baton.cli.CliException;
import dev.baton.stack.QuickJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Benches that live in a module: run as a child JVM on that module's own class path, arguments passed on. */
abstract class ModuleBenchCommand implements Callable<Integer> {
    private final String module;
    private final String mainClass;

    @Unmatched
    private List<String> arguments = new ArrayList<>();

    ModuleBenchCommand(String module, String mainClass) {
        this.module = module;
        this.mainClass = mainClass;
    }

    @Override
    public Integer call() {
        Path target = Baton.home().resolve(module).resolve("target");
        try {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dslf4j.internal.verbosity=ERROR",
                    "-Xmx2g",
                    "-Dbaton.home=" + Baton.home()));
            command.addAll(QuickJvm.OPTIONS); // as the workers run
            command.addAll(List.of(
                    "-cp",
                    target.resolve(module + "-0.1.0-SNAPSHOT.jar")
                            + java.io.File.pathSeparator
                            + Files.readString(target.resolve("runtime.classpath"))
                                    .strip(),
                    mainClass));
            command.addAll(arguments);
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new CliException(module + " is not built: run ./mvnw package", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    @Command(name = "engine", description = "Tokens per second of the engine alone; --help says more.")
    static final class Engine extends ModuleBenchCommand {
        Engine() {
            super("engine", "dev.baton.engine.bench.EngineBench");
        }
    }

    @Command(name = "transfer", description = "KV transfer against memcpy; --help says more.")
    static final class Transfer extends ModuleBenchCommand {
        Transfer() {
            super("kv-transfer", "dev.baton.transfer.bench.TransferBench");
        }
    }
}
