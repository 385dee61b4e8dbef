package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The keys and values of a file, by the type that a reader expects; a value of another type is refused by its key. */
public final class GgufMetadata {
    private final String file;
    private final Map<String, GgufValue> values;

    GgufMetadata(String file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = values;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    Optional<String> text(String key) throws IOException {
        GgufValue value = values.get(key);
        if (value instanceof GgufValue.Text(String text)) {
            return Optional.of(text);
        }
        return absent(value, key, "a text");
    }

    OptionalLong whole(String key) throws IOException {
        GgufValue value = values.get(key);
        if (value instanceof GgufValue.Whole(long whole)) {
            return OptionalLong.of(whole);
        }
        absent(value, key, "a whole number");
        return OptionalLong.empty();
    }

    OptionalDouble number(String key) throws IOException {
        GgufValue value = values.get(key);
        if (value instanceof GgufValue.Real(double real)) {
            return OptionalDouble.of(real);
        }
        if (value instanceof GgufValue.Whole(long whole)) {
            return OptionalDouble.of((double) whole);
        }
        absent(value, key, "a number");
        return OptionalDouble.empty();
    }

    Optional<Boolean> flag(String key) throws IOException {
        GgufValue value = values.get(key);
        if (value instanceof GgufValue.Flag(boolean flag)) {
            return Optional.of(flag);
        }
        return absent(value, key, "true or false");
    }

    Optional<List<String>> texts(String key) throws IOException {
        GgufValue value = values.get(key);
        if (value instanceof GgufValue.Texts(List<String> texts)) {
            return Optional.of(texts);
        }
        return absent(value, key, "a list of texts");
    }

    Optional<double[]> numbers(String key) throws IOException {
        GgufValue value = values.get(key);
        if (value instanceof GgufValue.Numbers(double[] numbers)) {
            return Optional.of(numbers);
        }
        return absent(value, key, "a list of numbers");
    }

    boolean holdsNumbers(String key) {
        return values.get(key) instanceof GgufValue.Numbers;
    }

    /** A number, or a list with one for each layer, which must all be the same. */
    OptionalLong sameInAllLayers(String key) throws IOException {
        if (!(values.get(key) instanceof GgufValue.Numbers(double[] each))) {
            return whole(key);
        }
        for (double one : each) {
            if (one != each[0]) {
                throw new IOException("%s: layers differ in %s: such models are not supported".formatted(file, key));
            }
        }
        return each.length == 0 ? OptionalLong.empty() : OptionalLong.of((long) each[0]);
    }

    private <T> Optional<T> absent(@Nullable GgufValue value, String key, String wanted) throws IOException {
        if (value != null) {
            throw GgufFile.broken(file, "%s is not %s".formatted(key, wanted));
        }
        return Optional.empty();
    }

    String file() {
        return file;
    }
}
