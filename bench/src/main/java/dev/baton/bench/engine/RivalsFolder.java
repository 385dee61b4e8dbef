package dev.baton.bench.engine;

import dev.baton.engine.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code tools/rivals/setup.sh} made: {@code hf/SHAPE} (checkpoints that Baton loads too), {@code gguf/SHAPE-TYPE.gguf}
 * of the same weights, llama.cpp's programs, a Python with OpenVINO, and one with torch and transformers.
 *
 * @param root null when there is none
 * @param home of Baton's sources, for the scripts that run OpenVINO and transformers
 */
record RivalsFolder(@Nullable Path root, Path home) {
    /** The folder given, else that of the environment, else the place that the setup uses by itself. */
    static RivalsFolder find(Optional<Path> given, Optional<String> environment, Path home) {
        Path folder = given.or(() -> environment.filter(text -> !text.isBlank()).map(Path::of))
                .orElse(home.resolve(".baton").resolve("rivals"));
        if (given.isPresent() && !Files.isDirectory(folder)) {
            throw new IllegalArgumentException("--rivals %s: no such folder".formatted(folder));
        }
        return new RivalsFolder(Files.isDirectory(folder) ? folder.toAbsolutePath() : null, home);
    }

    /** The random checkpoint that all engines share. */
    Optional<Path> checkpoint(String shape) {
        return root != null
                        && Files.isRegularFile(root.resolve("hf").resolve(shape).resolve("model.safetensors"))
                ? Optional.of(root.resolve("hf").resolve(shape))
                : Optional.empty();
    }

    Path gguf(String shape, String type) {
        return there().resolve("gguf").resolve("%s-%s.gguf".formatted(shape, type));
    }

    /** The file of 4-bit weights, which Baton reads too: its blocks are then the same. */
    Optional<Path> shared(String shape, WeightFormat weights) {
        return root != null && weights == WeightFormat.INT4 && Files.isRegularFile(gguf(shape, weights.llama))
                ? Optional.of(gguf(shape, weights.llama))
                : Optional.empty();
    }

    Path llama(String program) {
        return there().resolve("llama").resolve("build").resolve("bin").resolve(program);
    }

    Path openVinoPython() {
        return there().resolve("ov").resolve("bin").resolve("python");
    }

    Path openVinoScript() {
        return home.resolve("tools").resolve("rivals").resolve("openvino_bench.py");
    }

    Path torchPython() {
        return there().resolve("t").resolve("bin").resolve("python");
    }

    Path transformersScript() {
        return home.resolve("tools").resolve("rivals").resolve("transformers_gpu.py");
    }

    /** The rivals on that device whose programs are here. */
    List<ExternalProgram> programs(Device device) {
        return known(device).filter(RivalsFolder::here).toList();
    }

    /** A note for a table on why rivals are missing from it; empty when all are here. */
    List<String> missing(Device device) {
        if (root == null) {
            return List.of("no rivals beside us: tools/rivals/setup.sh gets them (docs/performance.md)");
        }
        return known(device)
                .filter(program -> !here(program))
                .map(program -> "%s: %s is missing".formatted(program.name(), program.executable()))
                .toList();
    }

    private Path there() {
        if (root == null) {
            throw new IllegalStateException("no folder of rivals");
        }
        return root;
    }

    private Stream<ExternalProgram> known(Device device) {
        if (root == null) {
            return Stream.empty();
        }
        return switch (device) {
            case CPU -> Stream.of(new LlamaCpp(this), new OpenVino(this));
            case CUDA -> Stream.of(new Transformers(this));
        };
    }

    private static boolean here(ExternalProgram program) {
        return Files.isExecutable(program.executable());
    }
}
