package dev.baton.tokenizer.template;

import java.util.BitSet;

/**
 * A text whose characters come from a request or from the model's own files.
 *
 * @param request the places (in UTF-16 units) of those that the request gave
 */
public record RenderedText(String text, BitSet request) {
    public RenderedText {
        request = (BitSet) request.clone();
    }

    /** Text that the model's own files gave. */
    public static RenderedText own(String text) {
        return new RenderedText(text, new BitSet());
    }

    /** Text that a request gave. */
    public static RenderedText requested(String text) {
        BitSet all = new BitSet();
        all.set(0, text.length());
        return new RenderedText(text, all);
    }

    @Override
    public BitSet request() {
        return (BitSet) request.clone();
    }

    /** Whether the request gave any character of {@code [from, to)}. */
    public boolean requested(int from, int to) {
        int first = request.nextSetBit(from);
        return first >= 0 && first < to;
    }
}
