package dev.baton.cli.up;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.cli.host.CliException;
import dev.baton.cli.hub.ModelSource;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What to start.
 *
 * @param model Hugging Face folder, or a GGUF file
 * @param gateways at {@code port} and the ports after it
 * @param kvMebibytes size of each worker's KV pool
 * @param threads compute threads of each worker; 0 shares the cores out
 * @param gatewayArgs further settings of the gateway, {@code --name=value}; {@code workerArgs} of every worker
 * @param parts what only some get, by the name of the gateway or worker
 */
public record StackPlan(
        Path model,
        int prefill,
        int decode,
        int gateways,
        int port,
        int kvMebibytes,
        int threads,
        List<String> gatewayArgs,
        List<String> workerArgs,
        Map<String, Part> parts) {
    /**
     * What one part gets beside what all of its role do.
     *
     * @param args further settings, which go before those of the role
     * @param environment of its process
     */
    public record Part(List<String> args, Map<String, String> environment) {
        static final Part NONE = new Part(List.of(), Map.of());

        public Part {
            args = List.copyOf(args);
            environment = Map.copyOf(environment);
        }
    }

    private static final int LARGEST_COUNT = 64;

    public StackPlan {
        gatewayArgs = List.copyOf(gatewayArgs);
        workerArgs = List.copyOf(workerArgs);
        parts = Map.copyOf(parts);
        if (prefill < 0 || prefill > LARGEST_COUNT) {
            throw new CliException("--prefill takes 0 to " + LARGEST_COUNT + ", not " + prefill);
        }
        if (decode < 1 || decode > LARGEST_COUNT) {
            throw new CliException("--decode takes 1 to " + LARGEST_COUNT + ", not " + decode);
        }
        if (gateways < 1 || gateways > LARGEST_COUNT) {
            throw new CliException("--gateways takes 1 to " + LARGEST_COUNT + ", not " + gateways);
        }
        int highest = 65_536 - gateways;
        if (port < 1 || port > highest) {
            throw new CliException("--port takes 1 to " + highest + ", not " + port);
        }
        if (kvMebibytes < 8) {
            throw new CliException("--kv-memory takes at least 8 MiB, not " + kvMebibytes);
        }
        checkModel(model);
    }

    /** All of a role alike. */
    public StackPlan(
            Path model,
            int prefill,
            int decode,
            int gateways,
            int port,
            int kvMebibytes,
            int threads,
            List<String> gatewayArgs,
            List<String> workerArgs) {
        this(model, prefill, decode, gateways, port, kvMebibytes, threads, gatewayArgs, workerArgs, Map.of());
    }

    /** With one gateway. */
    public StackPlan(
            Path model,
            int prefill,
            int decode,
            int port,
            int kvMebibytes,
            int threads,
            List<String> gatewayArgs,
            List<String> workerArgs) {
        this(model, prefill, decode, 1, port, kvMebibytes, threads, gatewayArgs, workerArgs);
    }

    private static void checkModel(Path model) {
        try {
            ModelFiles files = ModelFiles.of(model);
            if (files.config().isMissingNode()) {
                throw new CliException("--model " + model
                        + " is not a model folder: it has no config.json; name a Hugging Face folder, a GGUF"
                        + " file, or a model on a hub as org/name");
            }
            Optional<Path> tokenizer = files.tokenizerFile();
            if (tokenizer.isPresent() && !Files.isRegularFile(tokenizer.get())) {
                throw new CliException("--model " + model + " is not a model folder: it has no tokenizer.json");
            }
            files.weights();
        } catch (IOException e) {
            throw new CliException("--model " + model + " is not a model that is served here: " + e.getMessage(), e);
        }
    }

    /** What the weights take in a worker's memory. */
    static long weightBytes(Path model) {
        try {
            return ModelFiles.of(model).weightBytes();
        } catch (IOException e) {
            throw new CliException("--model " + model + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Where the workers' KV pools lie. */
    Path poolFolder() {
        String setting = "--" + SharedPool.FOLDER_SETTING + "=";
        return workerArgs.stream()
                .filter(argument -> argument.startsWith(setting))
                .reduce((earlier, later) -> later)
                .map(argument -> Path.of(argument.substring(setting.length())))
                .orElseGet(SharedPool::defaultFolder);
    }

    /** What clients call the model: its name on the hub, else its folder's name. */
    public String modelName() {
        return ModelSource.servedName(model);
    }

    Part part(String name) {
        return parts.getOrDefault(name, Part.NONE);
    }

    int workers() {
        return prefill + decode;
    }

    /** Threads of one worker: as set, else the cores shared out evenly, at least one each. */
    public int threadsEach() {
        return threads > 0 ? threads : Math.max(1, Runtime.getRuntime().availableProcessors() / workers());
    }
}
