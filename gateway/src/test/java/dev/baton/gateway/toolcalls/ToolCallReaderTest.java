package dev.baton.gateway.toolcalls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.baton.gateway.toolcalls.ToolFormat.Call.InObject;
import dev.baton.gateway.toolcalls.ToolFormat.Call.Named;
import dev.baton.gateway.toolcalls.ToolFormat.Part.Text;
import dev.baton.gateway.toolcalls.ToolFormat.Part.Token;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ToolCallReaderTest {
    private static final ToolFormat TAGS = new ToolFormat(
            List.of(),
            List.of(new Text("<tool_call>"), new Text("\n")),
            new InObject("arguments"),
            List.of(new Text("\n"), new Text("</tool_call>")),
            "\n",
            List.of(),
            64,
            0,
            false);
    private static final ToolFormat LIST = new ToolFormat(
            List.of(new Token("[TOOL_CALLS]"), new Text("[")),
            List.of(),
            new InObject("arguments"),
            List.of(),
            ", ",
            List.of(new Text("]")),
            64,
            9,
            false);
    private static final ToolFormat NAMED = new ToolFormat(
            List.of(),
            List.of(new Token("[TOOL_CALLS]")),
            new Named(List.of(new Token("[ARGS]"))),
            List.of(),
            "",
            List.of(),
            64,
            9,
            false);
    private static final int OPENING = 7;
    private static final int ARGUMENTS = 8;
    private static final int[] NO_TOKENS = {};

    private final StringBuilder heard = new StringBuilder();

    private final ToolCallReader.CallSink sink = new ToolCallReader.CallSink() {
        @Override
        public void text(String text) {
            heard.append(text);
        }

        @Override
        public void call(int index, String name) {
            heard.append("|").append(index).append(name).append(':');
        }

        @Override
        public void arguments(int index, String piece) {
            heard.append(piece);
        }
    };

    static List<Arguments> tagged() {
        return List.of(
                arguments("plain < text", "plain < text"),
                arguments("a\n\nb \n", "a\n\nb \n"),
                arguments(
                        "Well.\n"
                                + "<tool_call>\n"
                                + "{\"name\": \"f\", \"arguments\": {\"a\": [1, {\"name\": \"}\"}]}}\n"
                                + "</tool_call>",
                        "Well.|0f:{\"a\": [1, {\"name\": \"}\"}]}"),
                arguments(
                        "<tool_call>\n"
                                + "{\"name\": \"f\", \"arguments\": {}}\n"
                                + "</tool_call>\n"
                                + "<tool_call>\n"
                                + "{\"name\": \"g\\\"\", \"arguments\": {\"x\":\"\\\"{\\\\\"}}\n"
                                + "</tool_call>",
                        "|0f:{}|1g\":{\"x\":\"\\\"{\\\\\"}"),
                arguments(
                        "<tool_call>{\"arguments\": {\"b\": 2}, \"name\": \"late\"}</tool_call>", "|0late:{\"b\": 2}"),
                arguments("a <tool_ca", "a <tool_ca"),
                arguments("<tool_call>\n{\"name\": \"cut\", \"arguments\": {\"a\": \"b", "|0cut:{\"a\": \"b"));
    }

    @ParameterizedTest
    @MethodSource("tagged")
    void findsTextAndCallsHoweverTheAnswerIsCut(String answer, String expected) {
        for (int seed = 0; seed < 50; seed++) {
            heard.setLength(0);
            ToolCallReader reader = new ToolCallReader(TAGS, NO_TOKENS, sink);
            pieces(answer, new Random(seed), reader);
            reader.end("");
            assertThat(heard).hasToString(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {"`No call. `;`No call. `;false", "`Yes `;Yes|0f:{\"a\":1}|1g:{};true"})
    void aSpecialTokenBeginsTheCalls(String text, String expected, boolean calls) {
        for (int seed = 0; seed < 50; seed++) {
            heard.setLength(0);
            ToolCallReader reader = new ToolCallReader(LIST, new int[] {OPENING}, sink);
            pieces(text, new Random(seed), reader);
            if (calls) {
                reader.read(OPENING, "");
                pieces(
                        "[{\"name\": \"f\", \"arguments\": {\"a\":1}}, {\"name\": \"g\", \"arguments\": {}}]",
                        new Random(seed),
                        reader);
            }
            reader.end("");
            assertThat(heard).hasToString(expected);
            assertThat(reader.calls()).isEqualTo(calls ? 2 : 0);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {"{\"name\": \"f\", \"arguments\": {}};|0f:{}", "Text {\"name\": 1};Text {\"name\": 1}"})
    void aBareCallIsTheWholeAnswer(String answer, String expected) {
        ToolCallReader reader = new ToolCallReader(ToolFormat.bare(), NO_TOKENS, sink);
        pieces(answer, new Random(1), reader);
        reader.end("");
        assertThat(heard).hasToString(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "`{\"name\": \"f\", \"parameters\": {}}`;|0f:{}",
                "`{\"name\": \"f\", \"parameters\": {}}\n{\"name\": \"g\", \"parameters\": {\"a\": 1}}`;|0f:{}|1g:{\"a\": 1}",
                "`#json\n{\"name\": \"f\", \"parameters\": {}}\n#`;|0f:{}",
                "`#python\nx = {}\n#`;`#python\nx = {}\n#`",
                "`In {braces}`;`In {braces}`"
            })
    void aCallMayStandInAFenceWhereItIsAskedForInWords(String answer, String expected) {
        for (int seed = 0; seed < 20; seed++) {
            heard.setLength(0);
            ToolCallReader reader = new ToolCallReader(ToolFormat.bare("parameters", 64, true), NO_TOKENS, sink);
            pieces(answer.replace("#", "```"), new Random(seed), reader);
            reader.end("");
            assertThat(heard).hasToString(expected.replace("#", "```"));
        }
    }

    /** Characters whose first half of a pair is what stands for a special token in the reader. */
    @Test
    void noCharacterIsTakenForASpecialToken() {
        String text = "a \uD800\uDC00 b \uD801\uDC00\uD801\uDC00 c \uD800\uDC00";
        for (ToolFormat format : List.of(LIST, NAMED)) {
            heard.setLength(0);
            ToolCallReader reader = new ToolCallReader(format, new int[] {OPENING, ARGUMENTS}, sink);
            text.codePoints().forEach(c -> reader.read(1, Character.toString(c)));
            reader.end("");
            assertThat(heard).hasToString(text);
            assertThat(reader.calls()).isZero();
        }
    }

    @Test
    void aNameMayHaveAnyCharacter() {
        ToolCallReader reader = new ToolCallReader(NAMED, new int[] {OPENING, ARGUMENTS}, sink);
        reader.read(1, "Yes \uD800\uDC00 ");
        for (int call = 0; call < 2; call++) {
            reader.read(OPENING, "");
            reader.read(1, "f\uD801\uDC00\uD800\uDC00");
            reader.read(ARGUMENTS, "");
            reader.read(1, "{\"a\": \"\uD800\uDC00");
            reader.read(ARGUMENTS, "");
            reader.read(1, "\"}");
        }
        reader.end("");
        assertThat(heard)
                .hasToString("Yes \uD800\uDC00|0f\uD801\uDC00\uD800\uDC00:{\"a\": \"\uD800\uDC00\"}"
                        + "|1f\uD801\uDC00\uD800\uDC00:{\"a\": \"\uD800\uDC00\"}");
    }

    /** Looked at anew with each piece they would take more than an hour. */
    @Test
    void anyNumberOfBlanksIsLookedAtOnce() {
        int many = 2_000_000;
        for (ToolFormat format : List.of(TAGS, LIST)) {
            heard.setLength(0);
            ToolCallReader reader = new ToolCallReader(format, new int[] {OPENING}, sink);
            reader.read(1, "a");
            for (int i = 0; i < many; i++) {
                reader.read(1, " ");
            }
            reader.read(1, "<tool");
            reader.read(1, "s");
            assertThat(heard).hasToString("a" + " ".repeat(many) + "<tools");
        }
    }

    private static void pieces(String text, Random random, ToolCallReader reader) {
        for (int at = 0; at < text.length(); ) {
            int to = Math.min(text.length(), at + 1 + random.nextInt(6));
            reader.read(1, text.substring(at, to));
            at = to;
        }
    }
}
