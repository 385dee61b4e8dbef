package dev.baton.tokenizer.template;

import java.util.LinkedHashMap;
import java.util.Map;

/** The one value whose parts a template may set: it carries them out of loops. */
final class Namespace {
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    void set(String name, Object value) {
        if (name.startsWith("_")) {
            throw new TemplateError(
                    "Chat templates cannot store underscore-prefixed attributes on a namespace, but got "
                            + Python.repr(name) + ". Please rename the attribute.");
        }
        attributes.put(name, value);
    }

    Map<String, Object> attributes() {
        return attributes;
    }
}
