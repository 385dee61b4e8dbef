package dev.baton.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.tokenizer.template.ChatTemplate;
import dev.baton.tokenizer.template.RenderedText;
import dev.baton.tokenizer.template.TemplateException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.json.JsonMapper;

/** Every rendering that transformers made, made again. */
@NullMarked
class ChatTemplateFixturesTest {
    private static final JsonMapper JSON = new JsonMapper();

    private static final Pattern BRACKETED = Pattern.compile("<[|｜]?[^\\s<>'\"{}]+[|｜]?>|\\[/?[A-Z_]+]");

    record Case(String file, String template, Map<String, @Nullable Object> json) {
        String name() {
            return file + ": " + json.get("name");
        }
    }

    @Test
    void enoughTemplatesAndCasesAreCommitted() throws Exception {
        assertThat(cases().stream().map(Case::file).distinct().count()).isGreaterThanOrEqualTo(12);
        assertThat(cases()).hasSizeGreaterThanOrEqualTo(60);
    }

    @TestFactory
    Stream<DynamicTest> rendersAsTransformersDoes() throws Exception {
        return cases().stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c)));
    }

    /** Every bracketed word that the template writes, as if it were a token of its own. */
    private static ControlTokens control(String template) {
        List<ControlTokens.Token> tokens = new ArrayList<>();
        BRACKETED
                .matcher(template)
                .results()
                .map(MatchResult::group)
                .distinct()
                .forEach(word -> tokens.add(new ControlTokens.Token(word, tokens.size(), !word.matches("</?\\w+>"))));
        return new ControlTokens(tokens, List.of());
    }

    /** What a conversation does not spell itself is known as the template's, through whatever steps it went. */
    private static void checkOrigins(Case c, RenderedText rendered) {
        ControlTokens.Match forged = control(c.template()).firstRequested(rendered);
        if (forged != null && !Set.of("expressions", "markup").contains(c.file())) {
            assertThat(JSON.writeValueAsString(c.json().get("messages"))
                            + c.json().get("tools"))
                    .as("origins of %s at %d in %s", forged.token().spelling(), forged.start(), rendered.text())
                    .contains(forged.token().spelling());
        }
    }

    private static void check(Case c) {
        if (c.json().get("expected") instanceof String expected) {
            RenderedText rendered = render(c);
            assertThat(rendered.text()).isEqualTo(expected);
            checkOrigins(c, rendered);
            return;
        }
        var failure = assertThatThrownBy(() -> render(c)).isInstanceOf(TemplateException.class);
        if (Objects.equals(c.json().get("error_type"), "TemplateError")) {
            failure.hasMessage((String) c.json().get("error"));
        }
    }

    @SuppressWarnings("unchecked")
    private static RenderedText render(Case c) {
        Map<String, @Nullable Object> json = c.json();
        Map<String, String> special = new LinkedHashMap<>();
        for (String token : List.of("bos_token", "eos_token")) {
            if (json.get(token) instanceof String text) {
                special.put(token, text);
            }
        }
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        if (json.get("kwargs") instanceof Map<?, ?> kwargs) {
            variables.putAll((Map<String, Object>) kwargs);
        }
        if (json.containsKey("documents")) {
            variables.put("documents", json.get("documents"));
        }
        Clock clock = Clock.fixed(
                LocalDateTime.parse((String) Objects.requireNonNull(json.get("now")))
                        .toInstant(ZoneOffset.UTC),
                ZoneOffset.UTC);
        ChatPrompt prompt = new ChatPrompt(
                (List<Map<String, Object>>) Objects.requireNonNull(json.get("messages")),
                (@Nullable List<Map<String, Object>>) json.get("tools"),
                Boolean.TRUE.equals(json.get("add_generation_prompt")),
                variables);
        return new ChatFormat(
                        Map.of("default", ChatTemplate.parse(c.template())), special, control(c.template()), clock)
                .render(prompt);
    }

    @SuppressWarnings("unchecked")
    private static List<Case> cases() throws IOException, URISyntaxException {
        Path folder = Path.of(Objects.requireNonNull(ChatTemplateFixturesTest.class.getResource("/templates"))
                .toURI());
        List<Case> cases = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cases.json"))
                    .sorted()
                    .toList()) {
                String name = file.getFileName().toString().replace(".cases.json", "");
                Path template = folder.resolve(name + ".jinja");
                String shared = Files.exists(template) ? Files.readString(template) : "";
                for (Object json : JSON.readValue(Files.readString(file), List.class)) {
                    Map<String, @Nullable Object> map = (Map<String, @Nullable Object>) json;
                    cases.add(new Case(name, map.get("template") instanceof String own ? own : shared, map));
                }
            }
        }
        return cases;
    }
}
