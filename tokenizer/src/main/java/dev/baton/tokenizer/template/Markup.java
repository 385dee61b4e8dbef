package dev.baton.tokenizer.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What markupsafe does with strings that are markup: whatever is joined to one is escaped first. */
final class Markup {
    private Markup() {}

    /** The value as markup, escaped unless it is that already. */
    static String escape(Object value, RenderContext context) {
        return value instanceof String text && context.origins.isMarkup(text)
                ? text
                : forced(context.str(value), context);
    }

    static String forced(String text, RenderContext context) {
        TracedText out = new TracedText(context.origins);
        int copied = 0;
        for (int i = 0; i < text.length(); i++) {
            String entity = entity(text.charAt(i));
            if (entity != null) {
                out.append(text, copied, i).appendOwn(entity);
                copied = i + 1;
            }
        }
        context.budget.copy(out.length());
        return context.origins.markup(out.append(text, copied, text.length()).finish());
    }

    private static @Nullable String entity(char c) {
        return switch (c) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '"' -> "&#34;";
            case '\'' -> "&#39;";
            default -> null;
        };
    }

    /** Arguments of a method or a format: the strings in them escaped. */
    static Object escapedWithin(Object value, RenderContext context) {
        return switch (value) {
            case String text -> escape(text, context);
            case Tuple tuple ->
                new Tuple(tuple.items().stream()
                        .map(item -> escapedWithin(item, context))
                        .toList());
            case Range range -> range;
            case List<?> items ->
                items.stream().map(item -> escapedWithin(item, context)).toList();
            default -> value;
        };
    }

    static String format(String format, Object values, RenderContext context) {
        return context.origins.isMarkup(format)
                ? context.origins.markup(PercentFormat.format(format, escapedWithin(values, context), context))
                : PercentFormat.format(format, values, context);
    }

    static String repeat(String text, int times, RenderContext context) {
        String repeated = context.origins.derived(text.repeat(times), text);
        return context.origins.isMarkup(text) ? context.origins.markup(repeated) : repeated;
    }

    static String sum(String a, String b, RenderContext context) {
        boolean markup = context.origins.isMarkup(a) || context.origins.isMarkup(b);
        String left = markup ? escape(a, context) : a;
        String right = markup ? escape(b, context) : b;
        String sum = new TracedText(context.origins).append(left).append(right).finish();
        return markup ? context.origins.markup(sum) : sum;
    }
}
