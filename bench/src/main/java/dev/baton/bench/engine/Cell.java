package dev.baton.bench.engine;

import java.util.Locale;

/**
 * One thing to measure.
 *
 * @param size sequences of a decode batch, or tokens of the one prompt that is computed
 */
record Cell(Kind kind, int size) {
    /** Tokens before the first measured decode step. */
    static final int CONTEXT = 512;

    /** Measured decode steps. */
    static final int STEPS = 32;

    enum Kind {
        DECODE,
        PREFILL
    }

    Cell {
        if (size < 1 || kind == Kind.DECODE && size > 64) {
            throw new IllegalArgumentException("%s of %d: decode goes from 1 to 64 sequences".formatted(kind, size));
        }
    }

    /** {@code decode8}, {@code prefill512}. */
    static Cell parse(String name) {
        for (Kind kind : Kind.values()) {
            String word = kind.name().toLowerCase(Locale.ROOT);
            if (name.startsWith(word) && name.substring(word.length()).matches("[1-9][0-9]{0,6}")) {
                return new Cell(kind, Integer.parseInt(name.substring(word.length())));
            }
        }
        throw new IllegalArgumentException("cell '%s': decode8 or prefill512, say".formatted(name));
    }

    /** The most tokens that one sequence holds. */
    int tokens() {
        return switch (kind) {
            case DECODE -> CONTEXT + BatonEngine.WARM_STEPS + STEPS;
            case PREFILL -> size;
        };
    }

    /** For people. */
    String title() {
        return switch (kind) {
            case DECODE -> "decode, batch " + size;
            case PREFILL -> String.format(Locale.ROOT, "prefill %,d", size);
        };
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + size;
    }
}
