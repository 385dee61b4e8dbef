package dev.baton.config;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Settings of earlier versions that are no more, and what to do instead. A key that is renamed or taken away comes here, and
 * stays for as long as somebody may come from a version that had it.
 */
final class RetiredKeys {
    /** Keys as files have them, and the end of a sentence that names what has taken their place. */
    static final Map<String, String> ADVICE = Map.of(
            "baton.engine.kind",
            "remove it; an engine always runs the model, and baton.engine.device says where (CPU, CUDA)");

    private RetiredKeys() {}

    /** @param name of a key, or of an environment variable */
    static Optional<String> adviceFor(String name) {
        return ADVICE.entrySet().stream()
                .filter(retired -> plain(retired.getKey()).equals(plain(name)))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** Files have dots and dashes, variables underscores or nothing in their place. */
    private static String plain(String name) {
        return name.replaceAll("[._-]", "").toLowerCase(Locale.ROOT);
    }
}
