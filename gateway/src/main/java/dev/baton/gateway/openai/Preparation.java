package dev.baton.gateway.openai;

import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.Stopping;
import dev.baton.tokenizer.ChatPrompt;
import dev.baton.tokenizer.template.TemplateException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * From the bytes of a body to a plan: parsed, checked, rendered by the chat template, encoded, measured against the
 * model's context. Takes time that grows with the body.
 */
public final class Preparation {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final JsonMapper JSON = JsonMapper.shared();

    private final ServedModel model;
    private final OptionsReader options;
    private final InstantSource clock;

    public Preparation(ServedModel model, int maxChoices, InstantSource clock) {
        this.model = model;
        this.options = new OptionsReader(model.tokenizer().vocabularySize(), maxChoices, model.defaults());
        this.clock = clock;
    }

    /** Who asks and how long he waits. */
    record Caller(String requestId, String tenant, Duration patience, boolean wantsTiming) {}

    PreparedRequest chat(byte[] body, Caller caller) {
        ChatRequest request = ChatRequest.read(object(body), options);
        checkModel(request.options());
        if (!model.tokenizer().hasChatTemplate()) {
            throw JsonFields.invalid(
                    "messages", "The model has no chat template; use /v1/completions with a prompt of your own.");
        }
        int[] prompt;
        try {
            prompt = model.tokenizer()
                    .encodeChat(new ChatPrompt(request.messages(), request.tools(), true, request.templateVariables()));
        } catch (TemplateException e) {
            throw JsonFields.invalid(
                    "messages", e.getMessage() == null ? "The chat template refused it." : e.getMessage());
        }
        return prepared(Shape.CHAT, request.options(), List.of(work(prompt, request.options(), "messages")), caller);
    }

    PreparedRequest completion(byte[] body, Caller caller) {
        CompletionRequest request =
                CompletionRequest.read(object(body), options, model.tokenizer().vocabularySize());
        checkModel(request.options());
        int choices = request.prompts().size() * request.options().n();
        if (choices > options.maxChoices() && request.prompts().size() > 1) {
            throw JsonFields.invalid(
                    "prompt",
                    "Prompts times `n` may be at most " + options.maxChoices() + " in one request, not " + choices
                            + ".");
        }
        List<PreparedRequest.Work> works = new ArrayList<>();
        for (CompletionRequest.Prompt prompt : request.prompts()) {
            int[] tokens = switch (prompt) {
                case CompletionRequest.Text text -> model.tokenizer().encode(text.text(), true);
                case CompletionRequest.Tokens ids -> ids.ids();
            };
            works.add(work(tokens, request.options(), "prompt"));
        }
        return prepared(Shape.COMPLETION, request.options(), works, caller);
    }

    private static JsonFields object(byte[] body) {
        JsonNode node;
        try {
            node = JSON.readTree(body);
        } catch (JacksonException e) {
            var at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new ApiException(ApiError.badRequest(null, "The body is not valid JSON" + where + "."));
        }
        if (!node.isObject()) {
            throw new ApiException(ApiError.badRequest(null, "The body must be a JSON object."));
        }
        return new JsonFields(node, "");
    }

    private void checkModel(Options options) {
        if (!options.model().equals(model.name())) {
            throw new ApiException(ApiError.modelNotFound(options.model()));
        }
    }

    private PreparedRequest.Work work(int[] prompt, Options options, String param) {
        int context = model.maxContext();
        int room = context - prompt.length;
        Integer wanted = options.maxTokens();
        if (prompt.length == 0) {
            throw JsonFields.invalid(param, "`" + param + "` encodes to no tokens at all.");
        }
        if (room < 1) {
            throw new ApiException(ApiError.contextLengthExceeded(
                    "This model's context holds " + context + " tokens, but " + param + " alone takes " + prompt.length
                            + "; please shorten it.",
                    param));
        }
        if (wanted != null && wanted > room) {
            throw new ApiException(ApiError.contextLengthExceeded(
                    "This model's context holds " + context + " tokens, but " + ((long) prompt.length + wanted)
                            + " were requested: " + prompt.length + " in " + param + " and " + wanted
                            + " for the answer (max_tokens).",
                    param));
        }
        return new PreparedRequest.Work(
                prompt,
                Stopping.newBuilder()
                        .setMaxTokens(wanted == null ? room : wanted)
                        .setMinTokens(Math.min(options.minTokens(), room))
                        .setIgnoreEos(options.ignoreEos())
                        .addAllStopTokenIds(options.stopTokenIds())
                        .build());
    }

    private PreparedRequest prepared(Shape shape, Options options, List<PreparedRequest.Work> works, Caller caller) {
        Instant now = clock.instant();
        Long given = options.seed();
        long seed = given == null ? RANDOM.nextLong() : given;
        return new PreparedRequest(
                caller.requestId(),
                (shape == Shape.CHAT ? "chatcmpl-" : "cmpl-") + caller.requestId(),
                now.getEpochSecond(),
                model.name(),
                shape,
                works,
                options.n(),
                options.sampling().toBuilder().setSeed(seed).build(),
                options.stops(),
                options.stream(),
                options.includeUsage(),
                caller.wantsTiming(),
                caller.tenant(),
                options.priority(),
                now.plus(caller.patience()));
    }
}
