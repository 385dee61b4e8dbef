package dev.baton.bench.masks;

import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.format.PatternFormat;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whether an answer is what its schema asks for, by a JSON Schema validator that shares nothing with what makes masks. */
final class AnswerCheck {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();
    /** RFC 5321's Mailbox without quotes. The library's own check knows top-level domains by name, which the format does not ask. */
    private static final String EMAIL = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
            + "@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*";

    private static final SchemaRegistry SCHEMAS =
            SchemaRegistry.withDefaultDialect(Dialect.builder(Dialects.getDraft202012())
                    .format(PatternFormat.of("email", "^" + EMAIL + "$", "format.email"))
                    .build());

    private AnswerCheck() {}

    /** What is wrong; empty when nothing is. */
    static String fault(JsonNode schema, byte[] answer) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(answer))
                    .toString();
        } catch (CharacterCodingException e) {
            return "half a character";
        }
        JsonNode value;
        try {
            value = JSON.readTree(text);
        } catch (JacksonException e) {
            return "no JSON: " + text;
        }
        List<Error> errors = SCHEMAS.getSchema(schema)
                .validate(value, context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)));
        return errors.isEmpty() ? "" : errors + " in " + text;
    }
}
