package dev.baton.checkpoint.gguf;

import java.util.List;

/** A value of a file's metadata. */
sealed interface GgufValue {
    /** Of any integer type; a u64 beyond a long is refused. */
    record Whole(long value) implements GgufValue {}

    record Real(double value) implements GgufValue {}

    record Flag(boolean value) implements GgufValue {}

    record Text(String value) implements GgufValue {}

    record Texts(List<String> values) implements GgufValue {}

    /** Numbers of any type; booleans are 0 and 1. */
    record Numbers(double[] values) implements GgufValue {}
}
