package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which files of a model are wanted: those that a worker or a gateway reads, and no others. Only plain names are chosen, so
 * that no path leaves the folder.
 *
 * @param files to have before anything else; for checkpoints in parts the index is among them
 * @param gguf the file that is the whole model
 */
record FileChoice(List<String> files, Optional<String> gguf) {
    static final String INDEX = "model.safetensors.index.json";
    private static final String SINGLE = "model.safetensors";
    private static final List<String> REQUIRED = List.of("config.json", "tokenizer.json");
    private static final List<String> READ_WHERE_THERE = List.of(
            "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,200}");
    private static final Pattern SPLIT_GGUF = Pattern.compile(".*-\\d{5}-of-\\d{5}\\.gguf");
    private static final Set<String> PICKLES = Set.of(".bin", ".pt", ".pth", ".ckpt", ".pkl");

    FileChoice {
        files = List.copyOf(files);
    }

    /**
     * @param names all that the model holds
     * @throws CliException when it holds nothing that is served, or several files of which one must be named
     */
    static FileChoice of(ModelName model, Collection<String> names) {
        TreeSet<String> plain = new TreeSet<>();
        names.stream().filter(name -> PLAIN.matcher(name).matches()).forEach(plain::add);
        boolean weights = plain.contains(SINGLE) || plain.contains(INDEX);
        if (model.file().isPresent() || (!weights && plain.stream().anyMatch(FileChoice::isGguf))) {
            String file = gguf(model, plain);
            return new FileChoice(List.of(file), Optional.of(file));
        }
        if (!weights) {
            throw new CliException(
                    names.stream().anyMatch(FileChoice::isPickle)
                            ? "%s is published as pickles only, which can run code when they are read: look for the same model as safetensors or GGUF"
                                    .formatted(model)
                            : "%s holds no model.safetensors, no %s and no GGUF file: it is no model that is served here"
                                    .formatted(model, INDEX));
        }
        List<String> files = new ArrayList<>();
        for (String required : REQUIRED) {
            if (!plain.contains(required)) {
                throw new CliException("%s has no %s: it is needed, so look for a copy of the model that has it"
                        .formatted(model, required));
            }
            files.add(required);
        }
        READ_WHERE_THERE.stream().filter(plain::contains).forEach(files::add);
        files.add(plain.contains(SINGLE) ? SINGLE : INDEX);
        return new FileChoice(files, Optional.empty());
    }

    private static String gguf(ModelName model, TreeSet<String> plain) {
        String wanted = model.file().orElse("").toLowerCase(Locale.ROOT);
        List<String> all = plain.stream().filter(FileChoice::isGguf).toList();
        List<String> exact = all.stream()
                .filter(name -> name.toLowerCase(Locale.ROOT).equals(wanted))
                .toList();
        List<String> found = exact.isEmpty()
                ? all.stream()
                        .filter(name -> name.toLowerCase(Locale.ROOT).contains(wanted))
                        .toList()
                : exact;
        if (found.size() == 1 && SPLIT_GGUF.matcher(found.getFirst()).matches()) {
            throw new CliException("%s is one part of several: GGUF in parts is not read; choose a file that is whole"
                    .formatted(found.getFirst()));
        }
        if (found.size() != 1) {
            throw new CliException(
                    all.isEmpty()
                            ? "%s has no GGUF file".formatted(model.id())
                            : "%s means %s of the GGUF files of %s: add one of them, %s:FILE, from %s"
                                    .formatted(
                                            model,
                                            found.isEmpty() ? "none" : "several",
                                            model.id(),
                                            model.id(),
                                            String.join(", ", all)));
        }
        return found.getFirst();
    }

    /** Whether the name is that of a file with a shard's tensors. */
    static boolean isShard(String name) {
        return PLAIN.matcher(name).matches() && name.endsWith(".safetensors");
    }

    private static boolean isGguf(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(".gguf") && !name.startsWith("mmproj");
    }

    private static boolean isPickle(String name) {
        return PICKLES.stream().anyMatch(name::endsWith);
    }
}
