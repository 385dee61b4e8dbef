package dev.baton.tokenizer.template;

import java.util.LinkedHashMap;

/** A {@link JsonText} as a value of a rendering: a dict whose string is the text that it was read from. */
final class ParsedJson extends LinkedHashMap<Object, Object> {
    private static final long serialVersionUID = 1L;

    private final String text;

    ParsedJson(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }
}
