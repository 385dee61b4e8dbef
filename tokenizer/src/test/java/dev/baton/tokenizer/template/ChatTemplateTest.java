package dev.baton.tokenizer.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
    private static final Clock NOW = Clock.fixed(Instant.parse("2026-03-05T14:07:09Z"), ZoneOffset.UTC);

    private static String render(String template) {
        return ChatTemplate.parse(template)
                .render(Map.of("xs", List.of(1, 2, 3)), NOW)
                .text();
    }

    @Test
    void anErrorInTheTemplateNamesItsLine() {
        assertThatThrownBy(() -> ChatTemplate.parse("a\nb\n{% if x %}\n{% endfor %}"))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("chat template, line 4: ");
        assertThatThrownBy(() -> render("a\n{{ xs\n + 1 }}")).isInstanceOfSatisfying(TemplateException.class, e -> {
            assertThat(e.line()).isEqualTo(3);
            assertThat(e.raisedByTemplate()).isFalse();
        });
    }

    @Test
    void whatTheTemplateRaisesKeepsItsWords() {
        assertThatThrownBy(() -> render("{{ raise_exception('No ' ~ 'tools') }}"))
                .isInstanceOf(TemplateException.class)
                .hasMessage("No tools");
    }

    @Test
    void theTimeIsThatOfTheClock() {
        assertThat(render("{{ strftime_now('%d %b %Y %H:%M') }}")).isEqualTo("05 Mar 2026 14:07");
    }

    @Test
    void nothingOutsideTheTemplateCanBeReached() {
        assertThatThrownBy(() -> render("{{ xs.append(4) }}")).hasMessageContaining("unsafe");
        assertThatThrownBy(() -> render("{{ xs.__class__.__name__ }}")).hasMessageContaining("unsafe");
        assertThatThrownBy(() -> ChatTemplate.parse("{% include 'x' %}")).hasMessageContaining("not supported");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(s='ab') %}{% for i in range(99999) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[]) %}{% for i in range(99999) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
                "{% set ns = namespace(s=[]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
                "{% set ns = namespace(s=[], t=[]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
                "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
                "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
                "{% for x in xs recursive %}{{ loop(xs) }}{% endfor %}",
                "{{ 'x' * 99999999999 }}",
                "{{ [0] * 99999999999 }}",
                "{{ 9 ** 9 ** 9 ** 9 ** 9 }}",
                "{{ 'a'.ljust(2000000000) }}",
                "{{ ('a' * 30000).replace('a', 'b' * 30000) }}",
                "{{ ('a' * 30000).replace('', 'b' * 30000) }}",
                "{{ ('a' * 30000) | list | join('b' * 30000) }}",
                "{{ '%9999s' % 'x' * 99999999 }}",
                "{{ [1] | tojson(indent=1000000000) | length }}{{ ('a\n' * 90000) | indent(9999) }}",
                "{% for i in range(999999) %}x{% endfor %}",
            })
    void aTemplateThatWouldRunAwayIsStopped(String template) {
        assertThatThrownBy(() -> render(template)).isInstanceOf(TemplateException.class);
    }

    @Test
    void deepNestingIsRefusedAndNotASpentStack() {
        for (String deep : List.of(
                "{{ " + "(".repeat(5_000) + "1" + ")".repeat(5_000) + " }}",
                "{{ " + "[".repeat(5_000) + " }}",
                "{{ " + "not ".repeat(5_000) + "1 }}",
                "{{ " + "-".repeat(5_000) + "1 }}",
                "{{ 1" + " + 1".repeat(5_000) + " }}",
                "{{ x" + ".x".repeat(5_000) + " }}",
                "{{ x" + "|upper".repeat(5_000) + " }}",
                "{{ 1" + " if 1 else 1".repeat(5_000) + " }}",
                "{% if 1 %}".repeat(5_000),
                "{% set " + "(".repeat(5_000) + "x")) {
            assertThatThrownBy(() -> render(deep)).isInstanceOf(TemplateException.class);
        }
    }

    @Test
    void aTemplateOfManyLinesIsNotTooMuch() {
        String template =
                "{% for i in range(1000) %}{{ i }}{% if loop.last %}.{% else %},{% endif %}{% endfor %}\n".repeat(50);
        assertThat(render(template)).endsWith("998,999.");
    }

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
        {{ a }}                                        => {"city":  "Rome","n":1}
        {{ 'x' + a }}                                  => x{"city":  "Rome","n":1}
        {{ a + 'x' }}                                  => {"city":  "Rome","n":1}x
        {{ '[' ~ a ~ ']' }}                            => [{"city":  "Rome","n":1}]
        {{ '%s' % a }}                                 => {"city":  "Rome","n":1}
        {{ a | trim }}                                 => {"city":  "Rome","n":1}
        {{ a | string }}                               => {"city":  "Rome","n":1}
        {{ a | tojson }}                               => {"city": "Rome", "n": 1}
        {{ a.city }}                                   => Rome
        {{ a | length }}                               => 2
        {{ a is mapping }}                             => True
        {{ a is string }}                              => False
        {% for k, v in a.items() %}{{ k ~ v }};{% endfor %} => cityRome;n1;
        {% for k in a %}{{ k }};{% endfor %}           => city;n;
        """)
    void jsonThatCameAsTextIsAnObjectAndWhereItIsWrittenTheText(String template, String expected) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("city", "Rome");
        object.put("n", 1);
        JsonText arguments = new JsonText(RenderedText.requested("{\"city\":  \"Rome\",\"n\":1}"), object);
        assertThat(ChatTemplate.parse(template)
                        .render(Map.of("a", arguments), NOW)
                        .text())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{{ xs | nosuch }}", "{{ xs is nosuch }}", "{{ 'a' if xs is nosuch }}"})
    void anUnknownFilterOrTestMattersWhereItIsReached(String expression) {
        assertThat(render("{% if false %}" + expression + "{% endif %}x")).isEqualTo("x");
        assertThatThrownBy(() -> render("a\n" + expression))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("named 'nosuch'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[1,]",
                "{'a': 1}",
                "{\"a\" 1}",
                "01",
                "1 2",
                "\"a",
                "\"\\x\"",
                "\"\\u12\"",
                "nul",
                "\"\t\"",
                "+1",
                "[",
                "1."
            })
    void fromJsonRefusesWhatIsNotJson(String text) {
        assertThatThrownBy(() -> ChatTemplate.parse("{{ t | from_json }}").render(Map.of("t", text), NOW))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("not JSON");
    }
}
