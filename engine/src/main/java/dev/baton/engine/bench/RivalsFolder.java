package dev.baton.engine.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code tools/rivals/setup.sh} made: {@code hf/SHAPE} (checkpoints that Baton loads too), {@code gguf/SHAPE-TYPE.gguf}
 * of the same weights, llama.cpp's programs, and a Python with OpenVINO.
 *
 * @param root null when there is none
 * @param home of Baton's sources, for the script that runs OpenVINO
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

    Path llama(String program) {
        return there().resolve("llama").resolve("build").resolve("bin").resolve(program);
    }

    Path openVinoPython() {
        return there().resolve("ov").resolve("bin").resolve("python");
    }

    Path openVinoScript() {
        return home.resolve("tools").resolve("rivals").resolve("openvino_bench.py");
    }

    private Path there() {
        if (root == null) {
            throw new IllegalStateException("no folder of rivals");
        }
        return root;
    }

    /** The rivals whose programs are here. */
    List<RivalProgram> programs() {
        List<RivalProgram> programs = new ArrayList<>();
        if (root != null && Files.isExecutable(llama("llama-bench"))) {
            programs.add(new LlamaCpp(this));
        }
        if (root != null && Files.isExecutable(openVinoPython())) {
            programs.add(new OpenVino(this));
        }
        return programs;
    }

    /** Why rivals are missing from a table, for people; nothing when both are here. */
    List<String> missing() {
        if (root == null) {
            return List.of("no rivals beside us: tools/rivals/setup.sh gets them (docs/performance.md)");
        }
        List<String> missing = new ArrayList<>();
        if (!Files.isExecutable(llama("llama-bench"))) {
            missing.add("llama.cpp: %s is missing".formatted(llama("llama-bench")));
        }
        if (!Files.isExecutable(openVinoPython())) {
            missing.add("OpenVINO: %s is missing".formatted(openVinoPython()));
        }
        return missing;
    }
}
