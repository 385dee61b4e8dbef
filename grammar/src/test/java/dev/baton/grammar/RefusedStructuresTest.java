package dev.baton.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.protocol.v1.Structure;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RefusedStructuresTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{\"type\":\"object\",\"patternProperties\":{}}|patternProperties",
                "{\"not\":{}}|not",
                "{\"type\":\"array\",\"uniqueItems\":true}|uniqueItems",
                "{\"type\":\"number\",\"multipleOf\":3}|multipleOf",
                "{\"type\":\"text\"}|text",
                "{\"type\":\"string\",\"format\":\"regex\"}|regex",
                "{\"type\":\"string\",\"pattern\":\"a(?=b)\"}|look-around",
                "{\"type\":\"string\",\"pattern\":\"(a)\\\\1\"}|\\1",
                "{\"$ref\":\"other.json\"}|other.json",
                "{\"$ref\":\"#/$defs/none\"}|#/$defs/none",
                "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"string\",\"minLength\":2}]}|oneOf",
                "{\"allOf\":[{\"minLength\":1},{\"minLength\":2}]}|minLength",
                "{\"enum\":[1],\"minimum\":0}|minimum",
                "{\"anyOf\":[]}|anyOf",
                "[1]|[1]",
                "{\"type\":|JSON"
            })
    void aSchemaThatCannotBeGuaranteedIsRefusedByName(String schema, String named) {
        assertThatThrownBy(() -> Grammar.of(json(schema)))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(named);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "false",
                "{\"$ref\":\"#\"}",
                "{\"anyOf\":[{\"$ref\":\"#\"},{\"type\":\"null\"}]}",
                "{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#\"}},\"required\":[\"next\"]}",
                "{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false}",
                "{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}",
                "{\"type\":\"string\",\"minLength\":3,\"maxLength\":2}",
                "{\"type\":\"string\",\"enum\":[1,2]}"
            })
    void aSchemaThatNoValueSatisfiesOrThatGoesInCirclesIsRefused(String schema) {
        assertThatThrownBy(() -> Grammar.of(json(schema)))
                .isInstanceOf(GrammarException.class)
                .hasMessageMatching("(?s).*(no value can satisfy|refers to itself|leads back).*");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"((a{1000}){1000}){1000}", "(a|b)*a(a|b){30}", "(.{0,900}x){900}", "((((a?){99}){99}){99}){99}"})
    void aBombIsRefusedBeforeItHurts(String regex) {
        assertThatThrownBy(
                        () -> Grammar.of(Structure.newBuilder().setRegex(regex).build()))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("too large");
    }

    @Test
    void structuresOfOneRequestShareWhatOneMayCost() {
        List<Structure> asked = List.of(regex("a"), regex("(a|b)*a(a|b){30}"), regex("b"));
        List<Optional<String>> faults = Grammar.faults(asked);
        assertThat(faults.get(0)).isEmpty();
        assertThat(faults.get(1).orElseThrow()).contains("too large");
        assertThat(faults.get(2).orElseThrow()).contains("before it");
        assertThat(Grammar.faults(List.of(json("{\"not\":{}}"), regex("b"))).getLast())
                .isEmpty();
    }

    private static Structure regex(String regex) {
        return Structure.newBuilder().setRegex(regex).build();
    }

    private static Structure json(String schema) {
        return Structure.newBuilder().setJsonSchema(schema).build();
    }
}
