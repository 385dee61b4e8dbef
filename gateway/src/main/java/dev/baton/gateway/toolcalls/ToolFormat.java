package dev.baton.gateway.toolcalls;

import dev.baton.gateway.json.JsonText;
import dev.baton.protocol.v1.Repeated;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How a model writes calls of tools: the opening, then calls with something between them, then the closing. What stands
 * before and after each call belongs to it.
 *
 * @param most calls in one answer
 * @param idLength characters of a call's id that the template accepts, 0 for any
 * @param described the model's template knows neither tools nor calls: both are written into its messages, and calls may
 *     stand in a fence of code
 */
public record ToolFormat(
        List<Part> opening,
        List<Part> before,
        Call call,
        List<Part> after,
        String between,
        List<Part> closing,
        int most,
        int idLength,
        boolean described) {
    static final int MOST_CALLS = 64;

    /** What models put before JSON in a fence. */
    static final String FENCE = "```json";

    public ToolFormat {
        opening = List.copyOf(opening);
        before = List.copyOf(before);
        after = List.copyOf(after);
        closing = List.copyOf(closing);
    }

    /** A piece of the form, which is never shown to clients. */
    sealed interface Part {
        record Text(String text) implements Part {}

        /** The special token that is spelled so. */
        record Token(String spelling) implements Part {}

        /** So many letters and digits, which the model makes up; calls have ids of ours. */
        record MadeUpId(int length) implements Part {}
    }

    sealed interface Call {
        /** A JSON object with the tool's {@code name} and, under another key, its arguments. */
        record InObject(String argumentsKey) implements Call {}

        /** The name, the parts, the arguments. */
        record Named(List<Part> afterName) implements Call {
            public Named {
                afterName = List.copyOf(afterName);
            }
        }
    }

    /** A call as bare JSON, which is what a model is asked for whose template has no form for calls. */
    public static ToolFormat bare() {
        return bare("arguments", MOST_CALLS, false);
    }

    static ToolFormat bare(String argumentsKey, int most, boolean described) {
        return new ToolFormat(
                List.of(), List.of(), new Call.InObject(argumentsKey), List.of(), "\n", List.of(), most, 0, described);
    }

    /** The form that the model's template writes calls in; empty when there is none that is known. */
    public static Optional<ToolFormat> of(ModelTokenizer tokenizer) {
        return new KnownFormats(tokenizer).find();
    }

    /** Nothing but braces tells a call from what is said. */
    public boolean isBare() {
        return opening.isEmpty() && before.isEmpty();
    }

    /** What begins the calls. */
    private Part mark() {
        return opening.isEmpty() ? before.getFirst() : opening.getFirst();
    }

    /** Whether a name can be told from what follows it. */
    public boolean canWrite(String name) {
        return switch (call) {
            case Call.InObject object -> true;
            case Call.Named named -> name.chars().noneMatch(c -> Character.isWhitespace(c) || "<[{".indexOf(c) >= 0);
        };
    }

    /** How a call is written, for a model whose template does not tell it; empty where the model has learnt it. */
    public String instruction() {
        return switch (call) {
            case Call.InObject(String key) ->
                "Answer with a call: {\"name\": the function's name, \"" + key + "\": an object of its arguments}";
            case Call.Named named -> "";
        };
    }

    /** One call as text, where it is a JSON object. */
    public String written(String name, String arguments) {
        return switch (call) {
            case Call.InObject object -> head(name, object) + arguments + "}";
            case Call.Named named -> throw new IllegalStateException("the template writes these calls");
        };
    }

    private static String head(String name, Call.InObject object) {
        return "{\"name\": " + JsonText.quote(name) + ", \"" + object.argumentsKey() + "\": ";
    }

    /** What a call of the tool may be. */
    public Structure call(String name, Structure arguments) {
        return switch (call) {
            case Call.InObject object -> sequence(List.of(literal(head(name, object)), arguments, literal("}")));
            case Call.Named(List<Part> afterName) ->
                sequence(Stream.of(Stream.of(literal(name)), structures(afterName), Stream.of(arguments))
                        .flatMap(parts -> parts)
                        .toList());
        };
    }

    /**
     * What an answer may be: a text, then calls.
     *
     * @param calls what each call may be
     * @param most of them
     * @param forced a call must be made, and nothing else is said
     */
    public Structure structure(List<Structure> calls, int most, boolean forced) {
        Structure all = calls(anyOf(calls), Math.min(most, this.most));
        if (forced) {
            return all;
        }
        if (described) {
            Structure fenced = sequence(List.of(literal(FENCE + "\n"), all, literal("\n```")));
            return anyOf(List.of(all, fenced, regex(notBegunBy(FENCE))));
        }
        if (isBare()) {
            return anyOf(List.of(all, regex(notBegunBy("{"))));
        }
        Structure text = Structure.newBuilder()
                .setTextWithout(mark() instanceof Part.Text(String mark) ? mark : "")
                .build();
        return anyOf(List.of(text, sequence(List.of(text, all))));
    }

    /** Texts that begin neither with the mark, nor with a brace or a blank. */
    private static String notBegunBy(String mark) {
        StringBuilder regex = new StringBuilder("([^{\\s");
        for (int i = 0; i < mark.length(); i++) {
            if (mark.charAt(i) != '{') {
                regex.append(i == 0 ? mark.charAt(0) + "]" : "|" + mark.substring(0, i) + "([^" + mark.charAt(i) + "]");
                regex.append(i == 0 ? "[\\s\\S]*" : "[\\s\\S]*)?");
            } else {
                regex.append("][\\s\\S]*");
            }
        }
        return regex.append(")?").toString();
    }

    private Structure calls(Structure call, int most) {
        Structure one = before.isEmpty() && after.isEmpty()
                ? call
                : sequence(Stream.of(structures(before), Stream.of(call), structures(after))
                        .flatMap(parts -> parts)
                        .toList());
        Structure all = repeated(one, between, most);
        return opening.isEmpty() && closing.isEmpty()
                ? all
                : sequence(Stream.of(structures(opening), Stream.of(all), structures(closing))
                        .flatMap(parts -> parts)
                        .toList());
    }

    private static Stream<Structure> structures(List<Part> parts) {
        return parts.stream().map(part -> switch (part) {
            case Part.Text(String text) -> literal(text);
            case Part.Token(String spelling) ->
                Structure.newBuilder().setToken(spelling).build();
            case Part.MadeUpId(int length) -> regex("[a-zA-Z0-9]{" + length + "}");
        });
    }

    /** Ids of the special tokens of the form, those of {@link #tokens} in their order. */
    public int[] tokenIds(ModelTokenizer tokenizer) {
        return tokens().stream()
                .mapToInt(spelling -> tokenizer.idOf(spelling).orElse(-1))
                .toArray();
    }

    private List<String> tokens() {
        List<Part> afterName = switch (call) {
            case Call.InObject object -> List.of();
            case Call.Named named -> named.afterName();
        };
        return Stream.of(opening, before, afterName, after, closing)
                .flatMap(List::stream)
                .flatMap(part -> part instanceof Part.Token(String spelling) ? Stream.of(spelling) : Stream.empty())
                .distinct()
                .toList();
    }

    /**
     * Stands for the special token at a place of {@link #tokenIds} among the characters of an answer: the first half of a
     * pair twice, which no text has.
     */
    static String standIn(int place) {
        char half = (char) (Character.MIN_HIGH_SURROGATE + place);
        return String.valueOf(new char[] {half, half});
    }

    /** The text that tells that calls begin; empty for bare ones and where a token tells it. */
    String markText() {
        return !isBare() && mark() instanceof Part.Text(String text) ? text : "";
    }

    /** The place in {@link #tokenIds} of the token that tells that calls begin; −1 where none does. */
    int markPlace() {
        return !isBare() && mark() instanceof Part.Token(String spelling) ? tokens().indexOf(spelling) : -1;
    }

    /** What stands before each call, as a reader sees it. */
    String beforeSeen() {
        StringBuilder seen = new StringBuilder();
        before.forEach(part -> seen.append(seen(part)));
        return seen.toString();
    }

    String seen(Part part) {
        return switch (part) {
            case Part.Text(String text) -> text;
            case Part.Token(String spelling) -> standIn(tokens().indexOf(spelling));
            case Part.MadeUpId id -> throw new IllegalStateException("an id marks nothing");
        };
    }

    private static Structure literal(String text) {
        return Structure.newBuilder().setLiteral(text).build();
    }

    private static Structure regex(String regex) {
        return Structure.newBuilder().setRegex(regex).build();
    }

    private static Structure sequence(List<Structure> parts) {
        return Structure.newBuilder()
                .setSequence(Structures.newBuilder().addAllOf(parts))
                .build();
    }

    private static Structure anyOf(List<Structure> alternatives) {
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
