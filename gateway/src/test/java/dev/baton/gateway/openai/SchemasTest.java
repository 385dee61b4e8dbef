package dev.baton.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The schemas of requests name the fields that are read. */
class SchemasTest {
    private static final JsonNode SCHEMAS =
            JsonMapper.shared().readTree(OpenApiDocument.of(List.of())).at("/components/schemas");

    private static Set<String> described(String schema) {
        return new TreeSet<>(SCHEMAS.get(schema).get("properties").propertyNames());
    }

    /** Without those that are only known to be refused. */
    private static Set<String> read(Set<String> fields, Set<String> but) {
        Set<String> read = new TreeSet<>(fields);
        read.removeIf(name -> !but.contains(name) && KnownFields.isRefused(name));
        return read;
    }

    @Test
    void requestsAreDescribedAsTheyAreRead() {
        assertThat(described("ChatCompletionRequest")).isEqualTo(read(ChatRequest.FIELDS, Set.of()));
        assertThat(described("CompletionRequest")).isEqualTo(read(CompletionRequest.FIELDS, Set.of("echo")));
        assertThat(described("ResponsesRequest")).isEqualTo(new TreeSet<>(ResponsesRequest.described()));
        Set<String> tokenize = read(Tokenization.FIELDS, Set.of());
        tokenize.addAll(Set.of("add_generation_prompt", "add_special_tokens"));
        tokenize.remove("chat_template");
        tokenize.remove("continue_final_message");
        assertThat(described("TokenizeRequest")).isEqualTo(tokenize);
        assertThat(described("DetokenizeRequest")).isEqualTo(Tokenization.BACK_FIELDS);
    }
}
