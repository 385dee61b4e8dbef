package dev.baton.tokenizer.template;

import java.util.BitSet;

/** Text that grows by strings whose origins it keeps. */
final class TracedText {
    private final Origins origins;
    private final StringBuilder text = new StringBuilder();
    private final BitSet request = new BitSet();

    TracedText(Origins origins) {
        this.origins = origins;
    }

    int length() {
        return text.length();
    }

    TracedText append(String more) {
        return append(more, 0, more.length());
    }

    TracedText append(String more, int from, int to) {
        origins.copy(more, from, to, request, text.length());
        text.append(more, from, to);
        return this;
    }

    /** Characters that the template's author wrote. */
    TracedText appendOwn(CharSequence more) {
        text.append(more);
        return this;
    }

    /** The whole; nothing may be appended afterwards. */
    String finish() {
        return origins.mark(text.toString(), request);
    }

    RenderedText rendered() {
        return new RenderedText(text.toString(), request);
    }
}
