package dev.baton.gateway.openai;

import dev.baton.gateway.answer.ServedContext;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.json.JsonText;
import dev.baton.tokenizer.TextStream;
import dev.baton.tokenizer.TokenIds;
import dev.baton.tokenizer.UncuttableTextException;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** The tokens of texts and conversations, and back, in vLLM's forms. Takes time that grows with the body. */
final class Tokenization {
    static final Set<String> FIELDS = Set.of(
            "model",
            "prompt",
            "add_special_tokens",
            "return_token_strs",
            "messages",
            "add_generation_prompt",
            "continue_final_message",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "documents",
            "reasoning_effort",
            "chat_template",
            "chat_template_kwargs");

    static final Set<String> BACK_FIELDS = Set.of("model", "tokens");

    /** Many times what a model's context holds; an answer is some seven characters a token. */
    private static final int MOST_TOKENS = 128 * 1024;

    private final ServedModel model;
    private final ServedContext context;
    private final Preparation preparation;

    /** @param bytes that it holds until all of it is written */
    record Answer(JsonPart json, long bytes) {}

    Tokenization(ServedModel model, ServedContext context, Preparation preparation) {
        this.model = model;
        this.context = context;
        this.preparation = preparation;
    }

    Answer tokenize(byte[] body, Identity caller) {
        JsonFields fields = RequestJson.object(body, FIELDS);
        checkModel(fields, caller);
        boolean spelled = fields.flag("return_token_strs", false);
        fields.unsupported("chat_template");
        fields.unsupported("continue_final_message");
        int[] ids = (fields.has("messages") ? chat(fields) : text(fields)).ids();
        if (ids.length > MOST_TOKENS) {
            String param = fields.has("messages") ? "messages" : "prompt";
            throw JsonFields.invalid(param, "`" + param + "` has more than " + MOST_TOKENS + " tokens.");
        }
        return answer(
                ids,
                new Ids(
                        "{\"count\":" + ids.length + ",\"max_model_len\":" + context.tokens() + ",\"tokens\":[",
                        ids,
                        spelled));
    }

    private TokenIds text(JsonFields fields) {
        String text = fields.string("prompt");
        if (text == null) {
            throw JsonFields.invalid("prompt", "`prompt` or `messages` is required.");
        }
        try {
            return fields.flag("add_special_tokens", true)
                    ? model.tokenizer().encodePrompt(text, MOST_TOKENS)
                    : model.tokenizer().encode(text, false, MOST_TOKENS);
        } catch (UncuttableTextException e) {
            throw JsonFields.invalid("prompt", String.valueOf(e.getMessage()));
        }
    }

    private TokenIds chat(JsonFields fields) {
        if (fields.has("prompt")) {
            throw JsonFields.invalid("prompt", "`prompt` cannot be combined with `messages`.");
        }
        // Templates write the special tokens themselves.
        if (fields.flag("add_special_tokens", false)) {
            throw JsonFields.invalid("add_special_tokens", "`add_special_tokens` cannot be combined with `messages`.");
        }
        boolean generation = fields.flag("add_generation_prompt", true);
        return preparation.conversation(fields, generation, MOST_TOKENS);
    }

    Answer detokenize(byte[] body, Identity caller) {
        JsonFields fields = RequestJson.object(body, BACK_FIELDS);
        checkModel(fields, caller);
        JsonNode tokens = fields.node("tokens");
        if (tokens == null) {
            throw JsonFields.invalid("tokens", "`tokens` is required.");
        }
        int[] ids = CompletionRequest.ids("tokens", tokens, model.tokenizer().vocabularySize());
        if (ids.length > MOST_TOKENS) {
            throw JsonFields.invalid("tokens", "`tokens` may be at most " + MOST_TOKENS + ".");
        }
        List<JsonPart> parts = List.of(JsonPart.of("{\"prompt\":\""), new Spelled(ids), JsonPart.of("\"}"));
        return answer(ids, JsonPart.sequence(parts.iterator()));
    }

    private static Answer answer(int[] ids, JsonPart json) {
        return new Answer(json, (long) Integer.BYTES * ids.length);
    }

    /** The text of the ids, made as it is written. */
    private final class Spelled implements JsonPart {
        private final int[] ids;
        private final TextStream text = model.tokenizer().textStream(false, false);
        private int at;

        Spelled(int[] ids) {
            this.ids = ids;
        }

        @Override
        public boolean write(StringBuilder out, int length) {
            while (at < ids.length && out.length() < length) {
                JsonText.escape(text.push(ids[at++]), out);
            }
            if (at < ids.length) {
                return false;
            }
            JsonText.escape(text.flush(), out);
            return true;
        }
    }

    /** As vLLM does, a request need not name the model. */
    private void checkModel(JsonFields fields, Identity caller) {
        String named = fields.string("model");
        preparation.checkModel(named == null ? model.name() : named, caller);
    }

    /** Written piece by piece: ids first, then their spellings. */
    private final class Ids implements JsonPart {
        private final String before;
        private final int[] ids;
        private final boolean spelled;
        private int at;
        private boolean spelling;

        Ids(String before, int[] ids, boolean spelled) {
            this.before = before;
            this.ids = ids;
            this.spelled = spelled;
        }

        @Override
        public boolean write(StringBuilder out, int length) {
            if (at == 0 && !spelling) {
                out.append(before);
            }
            while (out.length() < length) {
                if (at == ids.length) {
                    if (spelling || !spelled) {
                        out.append(spelled ? "]}" : "],\"token_strs\":null}");
                        return true;
                    }
                    out.append("],\"token_strs\":[");
                    spelling = true;
                    at = 0;
                    continue;
                }
                if (at > 0) {
                    out.append(',');
                }
                if (spelling) {
                    out.append(JsonText.quote(model.tokenizer().tokenText(ids[at])));
                } else {
                    out.append(ids[at]);
                }
                at++;
            }
            return false;
        }
    }
}
