package dev.baton.gateway.toolcalls;

import dev.baton.protocol.v1.Repeated;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a model writes calls of tools, found in its chat template and not by its name: each call is a JSON object with the
 * tool's name and its arguments, and marks stand around the calls.
 *
 * @param opening what comes before the calls
 * @param first after the opening, before the first call
 * @param between two calls
 * @param last after the last call
 * @param argumentsKey the key of the arguments in a call
 * @param most calls in one answer
 * @param idLength characters of a call's id that the template accepts, 0 for any
 */
public record ToolFormat(
        Mark opening, String first, String between, Mark last, String argumentsKey, int most, int idLength) {
    private static final int MOST_CALLS = 64;
    private static final int MISTRAL_ID = 9;

    /** Text, or the special token that is spelled so. */
    public record Mark(String text, boolean special) {
        Structure structure() {
            return special
                    ? Structure.newBuilder().setToken(text).build()
                    : Structure.newBuilder().setLiteral(text).build();
        }
    }

    /** A call as bare JSON, which is what a model is asked for whose template has no form for calls. */
    public static ToolFormat bare() {
        return new ToolFormat(text(""), "", "\n", text(""), "arguments", MOST_CALLS, 0);
    }

    /** The form that the model's template writes calls in; empty when there is none that is known. */
    public static Optional<ToolFormat> of(ModelTokenizer tokenizer) {
        if (!tokenizer.templateMentions("tools")) {
            return Optional.empty();
        }
        // Hermes, Qwen and those trained after them.
        if (tokenizer.templateMentions("<tool_call>")) {
            return Optional.of(new ToolFormat(
                    mark(tokenizer, "<tool_call>"),
                    "\n",
                    "\n",
                    mark(tokenizer, "</tool_call>"),
                    "arguments",
                    MOST_CALLS,
                    0));
        }
        if (tokenizer.templateMentions("[TOOL_CALLS]") && !tokenizer.templateMentions("[ARGS]")) {
            return Optional.of(new ToolFormat(
                    mark(tokenizer, "[TOOL_CALLS]"), "[", ", ", text("]"), "arguments", MOST_CALLS, MISTRAL_ID));
        }
        // Phi-4 and Granite.
        if (tokenizer.templateMentions("<|tool_call|>")) {
            boolean closed = tokenizer.templateMentions("<|/tool_call|>");
            return Optional.of(new ToolFormat(
                    mark(tokenizer, "<|tool_call|>"),
                    "[",
                    ", ",
                    closed ? mark(tokenizer, "<|/tool_call|>") : text(""),
                    "arguments",
                    MOST_CALLS,
                    0));
        }
        // Llama 3: the whole answer is one call.
        if (tokenizer.templateMentions("ipython") && tokenizer.templateMentions("\"parameters\"")) {
            return Optional.of(new ToolFormat(text(""), "", "", text(""), "parameters", 1, 0));
        }
        return Optional.empty();
    }

    private static Mark text(String text) {
        return new Mark(text, false);
    }

    private static Mark mark(ModelTokenizer tokenizer, String spelling) {
        return new Mark(
                spelling, tokenizer.idOf(spelling).filter(tokenizer::isSpecial).isPresent());
    }

    /** Each call has its own marks; else all stand in one list. */
    private boolean marksEach() {
        return first.equals("\n");
    }

    /** The id of the opening mark where it is a special token, else −1. */
    public int openingToken(ModelTokenizer tokenizer) {
        return opening.special() ? tokenizer.idOf(opening.text()).orElse(-1) : -1;
    }

    /** Nothing but braces tells a call from what is said. */
    public boolean isBare() {
        return opening.text().isEmpty();
    }

    /**
     * What an answer may be: a text, then calls.
     *
     * @param call what each call may be
     * @param most of them
     * @param forced a call must be made, and nothing else is said
     */
    public Structure structure(Structure call, int most, boolean forced) {
        Structure all = calls(call, Math.min(most, this.most));
        if (forced) {
            return all;
        }
        if (isBare()) {
            return anyOf(List.of(
                    all, Structure.newBuilder().setRegex("([^{][\\s\\S]*)?").build()));
        }
        Structure text = Structure.newBuilder()
                .setTextWithout(opening.special() ? "" : opening.text())
                .build();
        return anyOf(List.of(text, sequence(List.of(text, all))));
    }

    private Structure calls(Structure call, int most) {
        List<Structure> parts = new ArrayList<>();
        if (marksEach()) {
            Structure one =
                    sequence(List.of(opening.structure(), literal(first), call, literal("\n"), last.structure()));
            parts.add(repeated(one, between, most));
        } else {
            if (!isBare()) {
                parts.add(opening.structure());
            }
            parts.add(literal(first));
            parts.add(repeated(call, between, most));
            parts.add(literal(first.equals("[") ? "]" : ""));
            if (last.special() || !(last.text().isEmpty() || last.text().equals("]"))) {
                parts.add(last.structure());
            }
        }
        return sequence(parts);
    }

    static Structure literal(String text) {
        return Structure.newBuilder().setLiteral(text).build();
    }

    static Structure sequence(List<Structure> parts) {
        return Structure.newBuilder()
                .setSequence(Structures.newBuilder().addAllOf(parts))
                .build();
    }

    static Structure anyOf(List<Structure> alternatives) {
        return Structure.newBuilder()
                .setAnyOf(Structures.newBuilder().addAllOf(alternatives))
                .build();
    }

    private static Structure repeated(Structure of, String between, int most) {
        return Structure.newBuilder()
                .setRepeated(Repeated.newBuilder()
                        .setOf(of)
                        .setBetween(literal(between))
                        .setMost(most))
                .build();
    }
}
