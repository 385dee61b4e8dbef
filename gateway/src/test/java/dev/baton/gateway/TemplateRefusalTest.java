package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A model whose chat template has rules of its own. */
class TemplateRefusalTest {
    @Test
    void whatTheTemplateSaysWhenItRefusesTheMessagesIsTheMessageOfA400(@TempDir Path folder) throws IOException {
        Files.copy(EdgeServer.MODEL_FOLDER.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"chat_template": "{% if messages[0].role != 'user' %}{{ raise_exception('Begin with the user, not ' + messages[0].role) }}{% endif %}Hi"}""");
        try (EdgeServer server = EdgeServer.start(folder)) {
            RawHttp.Response response = server.http()
                    .post(
                            "/v1/chat/completions",
                            "{\"model\":\"demo\",\"messages\":[{\"role\":\"system\",\"content\":\"Hi\"}]}");
            assertThat(response.status()).isEqualTo(400);
            JsonNode error = JsonMapper.shared().readTree(response.body()).path("error");
            assertThat(error.path("param").asString()).isEqualTo("messages");
            assertThat(error.path("message").asString()).isEqualTo("Begin with the user, not system");
            assertThat(server.dispatcher().idle()).isTrue();
        }
    }
}
