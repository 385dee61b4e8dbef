package dev.baton.tokenizer.template;

import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A parsed chat template: immutable, shared by all threads. A rendering is bounded in steps, depth and size, whatever the
 * template and the conversation are.
 */
public final class ChatTemplate {
    private static final int MAX_SOURCE_CHARS = 1 << 20;

    private final List<Stmt> body;
    private final String source;

    private ChatTemplate(List<Stmt> body, String source) {
        this.body = body;
        this.source = source;
    }

    /** @throws TemplateException naming the line that is wrong */
    public static ChatTemplate parse(String source) {
        if (source.length() > MAX_SOURCE_CHARS) {
            throw TemplateException.whole(
                    "it has " + source.length() + " characters; at most " + MAX_SOURCE_CHARS + " are read");
        }
        try {
            return new ChatTemplate(TemplateParser.parse(source), source);
        } catch (TemplateError fault) {
            throw TemplateException.whole(fault.what());
        }
    }

    /** As its author wrote it. */
    public String source() {
        return source;
    }

    /** Whether the author of the template wrote these characters somewhere in it. */
    public boolean mentions(String text) {
        return source.contains(text);
    }

    /**
     * @param variables values as JSON has them: String, Boolean, Number, List, Map with String keys, null; strings are
     *     the request's, but for {@link RenderedText}, which says it itself
     * @param clock for {@code strftime_now}, in its zone
     * @throws TemplateException when the template refuses the variables, or reaches a limit
     */
    public RenderedText render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
        RenderContext context = new RenderContext(clock);
        try {
            Scope globals = new Scope(null);
            Globals.of(context).forEach(globals::set);
            variables.forEach((name, value) -> globals.set(name, Python.from(value, context.budget, context.origins)));
            return new Renderer(context).render(body, new Scope(globals));
        } catch (TemplateError fault) {
            throw TemplateException.at(context.line, fault.what());
        }
    }
}
