package dev.baton.gateway.toolcalls;

import dev.baton.gateway.toolcalls.ToolFormat.Call;
import dev.baton.gateway.toolcalls.ToolFormat.Part;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.List;
import java.util.Optional;

/** Finds the form of a model's calls in its chat template, not by its name. */
record KnownFormats(ModelTokenizer model) {
    private static final Call ARGUMENTS = new Call.InObject("arguments");
    private static final String DEEPSEEK = "<｜tool▁calls▁begin｜>";
    private static final String MISTRAL = "[TOOL_CALLS]";
    private static final int MISTRAL_ID = 9;

    Optional<ToolFormat> find() {
        // DeepSeek's own templates write calls but show no tools.
        if (shows(DEEPSEEK)) {
            return Optional.of(deepSeek());
        }
        if (!shows("tools")) {
            // Gemma 2 and 3: taught to answer with JSON of this form when a message asks for it.
            return shows("<start_of_turn>")
                    ? Optional.of(ToolFormat.bare("parameters", ToolFormat.MOST_CALLS, true))
                    : Optional.empty();
        }
        // Hermes, Qwen and those trained after them.
        if (shows("<tool_call>")) {
            return Optional.of(each(
                    List.of(mark("<tool_call>"), text("\n")),
                    ARGUMENTS,
                    List.of(text("\n"), mark("</tool_call>")),
                    "\n",
                    0));
        }
        if (shows(MISTRAL)) {
            return Optional.of(shows("[ARGS]") ? newerMistral() : list(MISTRAL, text("]"), MISTRAL_ID));
        }
        // Phi-4 and Granite.
        if (shows("<|tool_call|>")) {
            return Optional.of(
                    shows("<|/tool_call|>")
                            ? list("<|tool_call|>", text("]"), mark("<|/tool_call|>"))
                            : list("<|tool_call|>", text("]"), 0));
        }
        // Llama 3: the whole answer is one call.
        if (shows("ipython") && shows("\"parameters\"")) {
            return Optional.of(ToolFormat.bare("parameters", 1, false));
        }
        return Optional.empty();
    }

    /** V3 and R1 fence the arguments and say of what kind the call is; V3.1 does neither. */
    private ToolFormat deepSeek() {
        Part call = mark("<｜tool▁call▁begin｜>");
        Part name = mark("<｜tool▁sep｜>");
        Part end = mark("<｜tool▁call▁end｜>");
        boolean fenced = shows(ToolFormat.FENCE);
        return new ToolFormat(
                List.of(mark(DEEPSEEK)),
                fenced ? List.of(call, text("function"), name) : List.of(call),
                new Call.Named(fenced ? List.of(text("\n" + ToolFormat.FENCE + "\n")) : List.of(name)),
                fenced ? List.of(text("\n```"), end) : List.of(end),
                fenced ? "\n" : "",
                List.of(mark("<｜tool▁calls▁end｜>")),
                ToolFormat.MOST_CALLS,
                0,
                false);
    }

    /** From v11 on; those between it and v13 have the model make up an id. */
    private ToolFormat newerMistral() {
        Part arguments = mark("[ARGS]");
        return each(
                List.of(mark(MISTRAL)),
                new Call.Named(
                        shows("[CALL_ID]")
                                ? List.of(mark("[CALL_ID]"), new Part.MadeUpId(MISTRAL_ID), arguments)
                                : List.of(arguments)),
                List.of(),
                "",
                MISTRAL_ID);
    }

    private static ToolFormat each(List<Part> before, Call call, List<Part> after, String between, int idLength) {
        return new ToolFormat(
                List.of(), before, call, after, between, List.of(), ToolFormat.MOST_CALLS, idLength, false);
    }

    private ToolFormat list(String opening, Part closing, int idLength) {
        return list(opening, List.of(closing), idLength);
    }

    private ToolFormat list(String opening, Part closing, Part last) {
        return list(opening, List.of(closing, last), 0);
    }

    private ToolFormat list(String opening, List<Part> closing, int idLength) {
        return new ToolFormat(
                List.of(mark(opening), text("[")),
                List.of(),
                ARGUMENTS,
                List.of(),
                ", ",
                closing,
                ToolFormat.MOST_CALLS,
                idLength,
                false);
    }

    private boolean shows(String text) {
        return model.templateMentions(text);
    }

    private static Part text(String text) {
        return new Part.Text(text);
    }

    private Part mark(String spelling) {
        boolean special = model.idOf(spelling).filter(model::isSpecial).isPresent();
        return special ? new Part.Token(spelling) : new Part.Text(spelling);
    }
}
