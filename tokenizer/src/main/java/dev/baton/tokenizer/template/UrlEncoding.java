package dev.baton.tokenizer.template;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** The urlencode filter: a text as part of a path, pairs as a query. */
final class UrlEncoding {
    private static final String KEPT = "_.-~";

    private UrlEncoding() {}

    static String encode(Object value, RenderContext context) {
        if (value instanceof String || !Python.iterable(value)) {
            return quote(Filters.text(value, context.budget), "/");
        }
        List<Object> pairs = value instanceof Map<?, ?> map ? Members.entries(map) : Python.list(value, context.budget);
        StringJoiner query = new StringJoiner("&");
        for (Object pair : pairs) {
            List<Object> two = Python.list(pair, context.budget);
            if (two.size() != 2) {
                throw new TemplateError("urlencode takes pairs; one of " + two.size() + " was given");
            }
            query.add(inQuery(two.get(0), context) + "=" + inQuery(two.get(1), context));
        }
        return context.budget.made(query.toString());
    }

    private static String inQuery(Object value, RenderContext context) {
        return quote(Filters.text(value, context.budget), "").replace("%20", "+");
    }

    private static String quote(String text, String alsoKept) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean kept =
                    (c < 0x80 && Character.isLetterOrDigit(c)) || KEPT.indexOf(c) >= 0 || alsoKept.indexOf(c) >= 0;
            out.append(kept ? String.valueOf(c) : "%%%02X".formatted((int) c));
        }
        return out.toString();
    }
}
