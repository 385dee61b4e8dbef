package dev.baton.tokenizer.template;

/** {@code str.format} with plain fields: {@code {}}, {@code {0}}, {@code {name}}; format specifications are refused. */
final class BraceFormat {
    private BraceFormat() {}

    static String format(String format, Arguments args, Budget budget, Origins origins) {
        TracedText out = new TracedText(origins);
        int next = 0;
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(format, i, i + 1);
                i += 2;
            } else if (c == '{') {
                int end = format.indexOf('}', i);
                if (end < 0) {
                    throw new TemplateError("expected '}' before end of string");
                }
                String field = format.substring(i + 1, end);
                Object value = field.isEmpty() ? positional(args, next++) : value(args, field);
                out.append(origins.derived(budget.made(Python.str(value, budget)), value));
                budget.copy(out.length() > Budget.MAX_CHARS ? out.length() : 1);
                i = end + 1;
            } else if (c == '}') {
                throw new TemplateError("Single '}' encountered in format string");
            } else {
                out.append(format, i, i + 1);
                i++;
            }
        }
        return out.finish();
    }

    private static Object positional(Arguments args, int index) {
        if (index >= args.positional().size()) {
            throw new TemplateError("Replacement index " + index + " out of range for positional args tuple");
        }
        return args.positional().get(index);
    }

    private static Object value(Arguments args, String field) {
        if (field.chars().allMatch(c -> c >= '0' && c <= '9') && field.length() < 6) {
            return positional(args, Integer.parseInt(field));
        }
        Object named = args.named().get(field);
        if (named == null) {
            throw new TemplateError("str.format takes plain fields here: '" + field + "' is none of its arguments");
        }
        return named;
    }
}
