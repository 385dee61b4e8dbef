package dev.baton.bench.masks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.bench.masks.MaskBench.Tokens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class MaskBenchTest {
    private static final Path HOME = Path.of("..");

    @Test
    void withoutOptionsTheDemoModelIsMeasured() {
        MaskOptions options = MaskOptions.parse(HOME);
        assertThat(options.model()).isEqualTo(HOME.resolve("models").resolve("demo"));
        assertThat(options.answers()).isZero();
        assertThat(options.temperature()).isEqualTo(1.5);
        assertThatThrownBy(() -> MaskOptions.parse(HOME, "--answers", "many")).hasMessageContaining("--answers many");
        assertThatThrownBy(() -> MaskOptions.parse(HOME, "--modle", "x")).hasMessageContaining("--modle");
    }

    @Test
    void answersToRandomSchemasAreValidAndNearlyAllEnd() throws IOException {
        MaskOptions options = MaskOptions.parse(HOME, "--answers", "60", "--seed", "77");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean held = new RandomAnswers(options, Tokens.read(options.model()))
                .run(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(held).as(out.toString(StandardCharsets.UTF_8)).isTrue();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("60 answers", " 0 invalid");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{\"type\":\"string\",\"format\":\"date\"};\"2026-02-30\"",
                "{\"type\":\"string\",\"format\":\"email\"};\"a b@c\"",
                "{\"type\":\"string\",\"maxLength\":2};\"abc\"",
                "{\"type\":\"string\",\"pattern\":\"^a$\"};\"b\"",
                "{\"type\":\"number\",\"minimum\":2};1.9",
                "{\"type\":\"object\",\"additionalProperties\":false};{\"a\":1}",
                "{\"type\":\"integer\"};1 2",
                "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"const\":1}}};2"
            })
    void theCheckFindsWhatIsWrong(String schema, String answer) {
        assertThat(AnswerCheck.fault(JsonMapper.shared().readTree(schema), answer.getBytes(StandardCharsets.UTF_8)))
                .isNotEmpty();
    }
}
