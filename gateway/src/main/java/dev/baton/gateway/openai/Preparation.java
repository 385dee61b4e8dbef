package dev.baton.gateway.openai;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.ContextRoom;
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
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * From the bytes of a body to a {@link PreparedRequest}: parsed, checked, rendered by the chat template, encoded, measured against the
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

    /** What a request says beside its body: its id, its tenant, the longest wait, and whether it asks for timing. */
    record Caller(String requestId, String tenant, Duration timeout, boolean wantsTiming) {}

    /** The tokens of one prompt and the rule that ends each of its choices. */
    private record Prompt(int[] tokens, Stopping stopping) {}

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
        return prepared(
                Shape.CHAT,
                request.options(),
                List.of(checked(prompt, request.options(), Shape.CHAT.promptParam())),
                caller);
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
        List<Prompt> prompts = new ArrayList<>();
        for (CompletionRequest.Prompt prompt : request.prompts()) {
            int[] tokens = switch (prompt) {
                case CompletionRequest.Text text -> model.tokenizer().encode(text.text(), true);
                case CompletionRequest.Tokens ids -> ids.ids();
            };
            prompts.add(checked(tokens, request.options(), Shape.COMPLETION.promptParam()));
        }
        return prepared(Shape.COMPLETION, request.options(), prompts, caller);
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

    private void checkModel(OptionsReader.Options options) {
        if (!options.model().equals(model.name())) {
            throw new ApiException(ApiError.modelNotFound(options.model()));
        }
    }

    private Prompt checked(int[] tokens, OptionsReader.Options options, String param) {
        int wanted = options.maxTokens() == null ? 0 : options.maxTokens();
        if (tokens.length == 0) {
            throw JsonFields.invalid(param, "`" + param + "` encodes to no tokens at all.");
        }
        OptionalInt room = new ContextRoom(model.maxContext()).answer(tokens.length, wanted);
        if (room.isEmpty()) {
            throw new ApiException(ApiError.contextLengthExceeded(model.maxContext(), tokens.length, wanted, param));
        }
        return new Prompt(
                tokens,
                Stopping.newBuilder()
                        .setMaxTokens(room.getAsInt())
                        .setMinTokens(Math.min(options.minTokens(), model.maxContext() - tokens.length))
                        .setIgnoreEos(options.ignoreEos())
                        .addAllStopTokenIds(options.stopTokenIds())
                        .build());
    }

    /** Choice i has the seed + i, and the request's id with -i behind it, the first one's left as it is. */
    private PreparedRequest prepared(Shape shape, OptionsReader.Options options, List<Prompt> prompts, Caller caller) {
        Instant now = clock.instant();
        Long given = options.seed();
        long seed = given == null ? RANDOM.nextLong() : given;
        List<GenerationRequest> generations = new ArrayList<>();
        for (int choice = 0; choice < prompts.size() * options.n(); choice++) {
            Prompt prompt = prompts.get(choice / options.n());
            generations.add(new GenerationRequest(
                    choice == 0 ? caller.requestId() : caller.requestId() + "-" + choice,
                    caller.tenant(),
                    model.name(),
                    prompt.tokens(),
                    options.sampling().toBuilder().setSeed(seed + choice).build(),
                    prompt.stopping(),
                    options.priority(),
                    now.plus(caller.timeout())));
        }
        return new PreparedRequest(
                (shape == Shape.CHAT ? "chatcmpl-" : "cmpl-") + caller.requestId(),
                now.getEpochSecond(),
                model.name(),
                shape,
                generations,
                options.n(),
                options.stops(),
                options.stream(),
                options.includeUsage(),
                caller.wantsTiming());
    }
}
