package dev.baton.gateway.toolcalls;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The inside of JSON strings. */
final class JsonStrings {
    private static final JsonMapper JSON = JsonMapper.shared();

    private JsonStrings() {}

    /** The text itself where it is no JSON. */
    static String unescaped(String content) {
        if (content.indexOf('\\') < 0) {
            return content;
        }
        try {
            return JSON.readValue("\"" + content + "\"", String.class);
        } catch (JacksonException notJson) {
            return content;
        }
    }
}
