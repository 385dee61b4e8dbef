package dev.baton.tokenizer.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Random templates end, and fail in no other way than by saying what is wrong with them. */
class TemplateFuzzTest {
    private static final Clock NOW = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final String[] BITS = {
        "{{ ",
        " }}",
        "{% ",
        " %}",
        "{%- ",
        " -%}",
        "{{- ",
        " -}}",
        "{# ",
        " #}",
        "if ",
        "else",
        "elif ",
        "endif",
        "for ",
        "in ",
        "endfor",
        "set ",
        "endset",
        "macro m(a, b=1)",
        "endmacro",
        "call m(1)",
        "endcall",
        "filter upper",
        "endfilter",
        "generation",
        "endgeneration",
        "break",
        "continue",
        "with x = 1",
        "endwith",
        "raw",
        "endraw",
        "x",
        "m",
        "messages",
        "loop",
        "ns",
        "namespace(a=1)",
        "range(9)",
        "loop.index",
        "ns.a",
        "= ",
        "== ",
        "!= ",
        "< ",
        "+ ",
        "- ",
        "* ",
        "/ ",
        "// ",
        "% ",
        "** ",
        "~ ",
        "( ",
        ") ",
        "[ ",
        "] ",
        "{ ",
        "} ",
        ", ",
        ": ",
        ". ",
        "| ",
        "is ",
        "not ",
        "and ",
        "or ",
        "none",
        "true",
        "1",
        "-2",
        "3.5",
        "1e400",
        "99999999999999999999",
        "'a'",
        "\"é\"",
        "'\\x'",
        "'\\N{BULLET}'",
        "|tojson",
        "|join(',')",
        "|list",
        "|map('upper')",
        "|selectattr('role')",
        "|sort",
        "|first",
        "|length",
        "|int",
        "|float",
        "|round",
        "|replace('a','b')",
        "|batch(2)",
        "|groupby('role')",
        "|unique",
        "|sum",
        "|indent",
        "|format(1)",
        "|dictsort",
        "|items",
        "|reverse",
        "|trim",
        "|default('d')",
        ".split('a')",
        ".items()",
        ".strip()",
        ".get('role')",
        ".format(1)",
        "[1:]",
        "[::-1]",
        "[::0]",
        "['role']",
        "[0]",
        " is defined",
        " is string",
        " is divisibleby 0",
        "\n",
        " ",
        "text",
        "\uD83D\uDE80",
        "\uD83D",
        "raise_exception('r')",
        "strftime_now('%c%')",
        "dict(a=1)",
        "*messages",
        "**x",
        "lambda",
        "import ",
        "'%s%d%%' % ",
        "joiner()",
    };

    @Test
    void randomTemplatesEndInTextOrInATemplateException() {
        Random random = new Random(42);
        Map<String, Object> variables = new HashMap<>(Map.of(
                "messages", List.of(Map.of("role", "user", "content", "Hi \uD83D\uDE80"), Map.of("role", "tool")),
                "x", Map.of("a", List.of(1, 2.5, true))));
        AtomicReference<String> last = new AtomicReference<>("");
        int rendered = Assertions.assertTimeoutPreemptively(
                Duration.ofSeconds(120),
                () -> {
                    int done = 0;
                    for (int round = 0; round < 20_000; round++) {
                        last.set(random(random));
                        done += survives(last.get(), variables) ? 1 : 0;
                    }
                    return done;
                },
                last::get);
        assertThat(rendered).as("templates that rendered").isGreaterThan(300);
    }

    private static boolean survives(String template, Map<String, Object> variables) {
        try {
            ChatTemplate.parse(template).render(variables, NOW);
            return true;
        } catch (TemplateException e) {
            return false;
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError("escaped from: " + template, e);
        }
    }

    /** Half of them loose bits, half of them whole print statements, which get further. */
    private static String random(Random random) {
        StringBuilder out = new StringBuilder();
        boolean whole = random.nextBoolean();
        for (int i = random.nextInt(1, 8); i > 0; i--) {
            out.append(whole ? "{{ " + bits(random, 4) + " }}" : bits(random, 4));
        }
        return out.toString();
    }

    private static String bits(Random random, int most) {
        StringBuilder out = new StringBuilder();
        for (int i = random.nextInt(1, most + 1); i > 0; i--) {
            out.append(BITS[random.nextInt(BITS.length)]);
        }
        return out.toString();
    }
}
