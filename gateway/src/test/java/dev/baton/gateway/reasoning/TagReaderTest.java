package dev.baton.gateway.reasoning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told apart depends on the text alone, not on the pieces that it comes in. */
class TagReaderTest {
    @SuppressWarnings("NullAway.Init") // set before all
    private static ModelTokenizer tokenizer;

    private final Random random = new Random(7);

    @BeforeAll
    static void open() throws IOException {
        tokenizer = ModelTokenizer.open(Path.of("..", "models", "demo"));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void blanksWithoutEndAreAnAnswer() {
        ReasoningTags tags = new ReasoningTags("<think>", "</think>", false, false, false);
        for (int blanks : new int[] {256, 257}) {
            StringBuilder reasoning = new StringBuilder();
            StringBuilder answer = new StringBuilder();
            ReasoningReader reader = tags.reader(tokenizer, new ReasoningReader.Sink() {
                @Override
                public void reasoning(String piece) {
                    reasoning.append(piece);
                }

                @Override
                public void answer(int token, String piece) {
                    answer.append(piece);
                }
            });
            for (int i = 0; i < blanks; i++) {
                reader.read(9, " ");
            }
            assertThat(answer).as("nothing is held beyond the bound").hasSize(blanks == 256 ? 0 : 257);
            reader.read(9, "<think>");
            reader.read(9, "a");
            reader.end("");
            assertThat(reasoning).hasToString(blanks == 256 ? "a" : "");
            assertThat(answer).hasToString(blanks == 256 ? "" : " ".repeat(257) + "<think>a");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "false;plain;|plain",
                "false;~ <think>~~a~b </~think>~</think>~~c~;a~b </~think>|c~",
                "false;<think></think>x;|x",
                "false;<think>a</think></think>;a|</think>",
                "false;<thin;|<thin",
                "false;~<thinking;|~<thinking",
                "true;a~</thin;a~</thin|",
                "true;~~a</think>;a|",
                "true;a</think>~<think>b;a|<think>b",
                "true;~~;|",
            })
    void tellsThoughtsFromTheAnswer(boolean opened, String text, String expected) {
        ReasoningTags tags = new ReasoningTags("<think>", "</think>", false, false, opened);
        for (int round = 0; round < 200; round++) {
            StringBuilder reasoning = new StringBuilder();
            StringBuilder answer = new StringBuilder();
            ReasoningReader reader = tags.reader(tokenizer, new ReasoningReader.Sink() {
                @Override
                public void reasoning(String piece) {
                    assertThat(answer).isEmpty();
                    reasoning.append(piece);
                }

                @Override
                public void answer(int token, String piece) {
                    answer.append(piece);
                }
            });
            String given = text.replace('~', '\n');
            for (int at = 0; at < given.length(); ) {
                int to = Math.min(given.length(), at + random.nextInt(5));
                reader.read(9, given.substring(at, to));
                at = to;
            }
            reader.end("");
            assertThat((reasoning + "|" + answer).replace('\n', '~')).isEqualTo(expected);
        }
    }
}
