package dev.baton.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.protocol.v1.Repeated;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StructureTest {
    private final TestVocabulary tokens = new TestVocabulary();
    private final Vocabulary vocabulary = tokens.vocabulary();

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "[a-c]+\\d?;abc1;true",
                "[a-c]+\\d?;abcd;false",
                "(?:yes|no)!{2,3};yes!!;true",
                "(?:yes|no)!{2,3};no!;false",
                "^\\w{3}$;abc;true",
                "[^x]é.;aé日;true",
                "[^x]é.;xé日;false"
            })
    void aRegularExpressionMatchesTheWholeText(String regex, String text, boolean matches) {
        assertThat(accepts(Structure.newBuilder().setRegex(regex).build(), text))
                .isEqualTo(matches);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"type\":\"integer\",\"minimum\":-5,\"maximum\":12}|-5|true",
                "{\"type\":\"integer\",\"minimum\":-5,\"maximum\":12}|-6|false",
                "{\"type\":\"integer\",\"minimum\":-5,\"maximum\":12}|13|false",
                "{\"type\":\"number\",\"exclusiveMinimum\":0.25,\"maximum\":2}|0.25|false",
                "{\"type\":\"number\",\"exclusiveMinimum\":0.25,\"maximum\":2}|0.251|true",
                "{\"type\":\"number\",\"exclusiveMinimum\":0.25,\"maximum\":2}|2.000|true",
                "{\"type\":\"number\",\"exclusiveMinimum\":0.25,\"maximum\":2}|2.001|false",
                "{\"type\":[\"string\",\"null\"]}|null|true",
                "{\"properties\":{\"a\":{},\"b\":{}},\"required\":[\"b\"]}|{\"b\":1}|true",
                "{\"properties\":{\"a\":{},\"b\":{}},\"required\":[\"b\"]}|{\"a\": 2, \"b\":1}|true",
                "{\"properties\":{\"a\":{},\"b\":{}},\"required\":[\"b\"]}|{\"a\":2}|false",
                "{\"properties\":{\"a\":{},\"b\":{}},\"required\":[\"b\"]}|{\"b\":1,\"c\":2}|false",
                "{\"allOf\":[{\"properties\":{\"a\":{}}},{\"required\":[\"a\"]}]}|{}|false",
                "{\"type\":\"string\",\"pattern\":\"a\\\"\"}|\"xa\\\"\"|true",
                "{\"type\":\"string\"}|\"\\ud83d\"|false"
            })
    void aSchemaTakesJsonTexts(String schema, String text, boolean matches) {
        assertThat(accepts(Structure.newBuilder().setJsonSchema(schema).build(), text))
                .isEqualTo(matches);
    }

    @Test
    void aSpecialTokenIsNotItsText() {
        Structure call = Structure.newBuilder()
                .setSequence(Structures.newBuilder()
                        .addOf(Structure.newBuilder().setToken("<|call|>"))
                        .addOf(Structure.newBuilder().setJsonObject(true)))
                .build();
        TokenMatcher matcher = new TokenGrammar(Grammar.of(call), vocabulary).matcher();
        assertThat(matcher.allows('<')).isFalse();
        matcher.accept(tokens.special());
        assertThat(matcher.allows(tokens.special())).isFalse();
        matcher.accept('{');
        matcher.accept('}');
        assertThat(matcher.complete()).isTrue();
        assertThat(accepts(Structure.newBuilder().setRegex(".*").build(), "<|call|>"))
                .isTrue();
        assertThat(new TokenGrammar(
                                Grammar.of(Structure.newBuilder().setRegex(".*").build()), vocabulary)
                        .matcher()
                        .allows(tokens.special()))
                .isFalse();
    }

    @Test
    void aRepetitionHasItsSeparatorsAndItsEnd() {
        Structure two = Structure.newBuilder()
                .setRepeated(Repeated.newBuilder()
                        .setOf(Structure.newBuilder().setLiteral("ab"))
                        .setBetween(Structure.newBuilder().setLiteral("; "))
                        .setMost(2))
                .build();
        assertThat(accepts(two, "ab")).isTrue();
        assertThat(accepts(two, "ab; ab")).isTrue();
        assertThat(accepts(two, "ab; ab; ab")).isFalse();
        assertThat(accepts(two, "ab; ")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"abab, true", "xaabx, true", "a<b<a, true", "xaab<x, false", "aaab<, false", "é日aab, true"})
    void aTextDoesNotHaveWhatItMustNot(String text, boolean matches) {
        assertThat(accepts(Structure.newBuilder().setTextWithout("aab<").build(), text))
                .isEqualTo(matches);
    }

    @Test
    void aTokenThatCannotComeIsNotAccepted() {
        TokenMatcher matcher = new TokenGrammar(
                        Grammar.of(Structure.newBuilder().setLiteral("x").build()), vocabulary)
                .matcher();
        assertThatThrownBy(() -> matcher.accept('y')).isInstanceOf(GrammarException.class);
    }

    /** Byte by byte. */
    private boolean accepts(Structure structure, String text) {
        TokenMatcher matcher = new TokenGrammar(Grammar.of(structure), vocabulary).matcher();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (!matcher.allows(b & 0xFF)) {
                return false;
            }
            matcher.accept(b & 0xFF);
        }
        return matcher.complete();
    }
}
