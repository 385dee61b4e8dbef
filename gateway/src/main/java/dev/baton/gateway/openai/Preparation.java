package dev.baton.gateway.openai;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
import dev.baton.gateway.answer.Echo;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedContext;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.answer.SystemFingerprints;
import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.auth.ServiceTier;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.reasoning.ReasoningFormat;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.toolcalls.ToolFormat;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import dev.baton.tokenizer.ChatPrompt;
import dev.baton.tokenizer.SpecialTokenInTextException;
import dev.baton.tokenizer.SpecialTokensInText;
import dev.baton.tokenizer.TokenIds;
import dev.baton.tokenizer.UncuttableTextException;
import dev.baton.tokenizer.template.TemplateException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * From the bytes of a body to a {@link PreparedRequest}: parsed, checked, rendered by the chat template, encoded, measured against the
 * model's context. Takes time that grows with the body.
 */
public final class Preparation {
    /** Tokens of a text completion that does not say how many: OpenAI's own default. */
    private static final int COMPLETION_TOKENS = 16;

    /** Tokens of a prompt that is echoed with log-probabilities: they come in one message. */
    private static final int MOST_SCORED = 16 * 1024;

    /** Names of the fields whose schemas and expressions are compiled. */
    private static final Set<String> COMPILED = Stream.concat(Stream.of("tools", "text"), AnswerFormat.FIELDS.stream())
            .collect(Collectors.toUnmodifiableSet());

    private static final SecureRandom RANDOM = new SecureRandom();

    private final ServedModel model;
    private final ServedContext context;
    private final OptionsReader options;
    private final SpecialTokensInText spelled;
    private final SystemFingerprints fingerprints;
    private final InstantSource clock;
    private final CheckedStructures structures = new CheckedStructures();

    /** @param spelled what becomes of text in a conversation that spells a special token */
    public Preparation(
            ServedModel model,
            ServedContext context,
            int maxChoices,
            SpecialTokensInText spelled,
            SystemFingerprints fingerprints,
            InstantSource clock) {
        this.model = model;
        this.context = context;
        this.spelled = spelled;
        this.fingerprints = fingerprints;
        this.options = new OptionsReader(model.tokenizer().vocabularySize(), maxChoices, model.defaults());
        this.clock = clock;
    }

    /** What a request says beside its body: its id, who sent it, how long it waits, and whether it asks for timing. */
    record Caller(
            String requestId, Identity identity, ClientPatience patience, boolean wantsTiming, RequestTags tags) {}

    /** The tokens of one prompt and the rule that ends each of its choices. */
    private record Prompt(int[] tokens, Stopping stopping) {}

    /** Whether a body asks for what takes long to compile, however short it is. What is not JSON asks for nothing. */
    static boolean compiles(byte[] body) {
        return RequestJson.hasOneOf(body, COMPILED);
    }

    PreparedRequest chat(byte[] body, Caller caller) {
        return chat(Shape.CHAT, ChatRequest.read(RequestJson.object(body, ChatRequest.FIELDS), options), caller);
    }

    PreparedRequest response(byte[] body, Caller caller) {
        ResponsesRequest request = ResponsesRequest.read(RequestJson.object(body, ResponsesRequest.FIELDS));
        try {
            return chat(Shape.RESPONSE, ChatRequest.read(request.chat(), options), caller)
                    .repeating(request.repeated());
        } catch (ApiException e) {
            throw request.inItsWords(e);
        }
    }

    /** The tokens of a conversation as the fields of a chat say it; stops beyond {@code limit} of them. */
    TokenIds conversation(JsonFields body, boolean generationPrompt, int limit) {
        ToolRequest tools = ToolRequest.read(body);
        return encoded(
                ChatRequest.messages(body),
                tools,
                tools == null ? null : toolFormat(tools),
                ChatRequest.templateVariables(body),
                generationPrompt,
                limit);
    }

    private TokenIds encoded(
            List<Map<String, @Nullable Object>> given,
            @Nullable ToolRequest tools,
            @Nullable ToolFormat format,
            Map<String, @Nullable Object> variables,
            boolean generationPrompt,
            int limit) {
        if (!model.tokenizer().hasChatTemplate()) {
            throw JsonFields.invalid(
                    "messages", "The model has no chat template; use /v1/completions with a prompt of your own.");
        }
        variables.keySet().forEach(this::checkVariable);
        boolean shown = tools != null && model.tokenizer().templateMentions("tools");
        List<Map<String, @Nullable Object>> messages = ToolsAsText.readable(given, model.tokenizer());
        if (tools != null && format != null && !shown) {
            messages = ToolsAsText.described(tools.shown(), format, messages);
        }
        try {
            return model.tokenizer()
                    .encodeChat(
                            new ChatPrompt(
                                    messages,
                                    tools != null && shown ? tools.shown() : null,
                                    generationPrompt,
                                    variables),
                            spelled,
                            limit);
        } catch (SpecialTokenInTextException e) {
            String param = ApiError.shortened(e.place());
            throw JsonFields.invalid(param, "`" + param + "` " + e.fault());
        } catch (UncuttableTextException e) {
            throw JsonFields.invalid("messages", String.valueOf(e.getMessage()));
        } catch (TemplateException e) {
            throw JsonFields.invalid(
                    "messages", e.getMessage() == null ? "The chat template refused it." : e.getMessage());
        }
    }

    private PreparedRequest chat(Shape shape, ChatRequest request, Caller caller) {
        checkModel(request.options().model(), caller.identity());
        ToolRequest tools = request.tools();
        ToolFormat format = tools == null ? null : toolFormat(tools);
        int room = context.tokens();
        TokenIds prompt = encoded(request.messages(), tools, format, request.templateVariables(), true, room);
        ReasoningFormat reasoning =
                ReasoningFormat.after(prompt.ids(), model.tokenizer()).orElse(null);
        AnswerFormat answer = tools == null || format == null
                ? request.options().format()
                : withCalls(tools, format, request.options().format());
        return prepared(
                shape,
                request.options(),
                List.of(checked(prompt, room, request.options(), room, shape.promptParam())),
                answer == null || reasoning == null
                        ? answer
                        : new AnswerFormat(reasoning.before(answer.structure()), answer.param()),
                format,
                reasoning,
                List.of(),
                caller);
    }

    /** A call that must be made needs no form of the model's own: what is guaranteed can be read. */
    private ToolFormat toolFormat(ToolRequest tools) {
        ToolFormat format = ToolFormat.of(model.tokenizer())
                .or(() -> tools.forced() ? Optional.of(ToolFormat.bare()) : Optional.empty())
                .orElseThrow(() -> JsonFields.invalid(
                        "tools",
                        "`tools` are not supported for this model: its chat template has no form for calls"
                                + " that is known here. A call can still be forced, with `tool_choice` required or"
                                + " a function."));
        tools.check(format);
        return format;
    }

    /**
     * The answer is a call, or what the client asks for beside. All is compiled at once, with every schema as it is; only
     * where that cannot be guaranteed each is looked at by itself, all of them at the cost of one structure.
     */
    private AnswerFormat withCalls(ToolRequest tools, ToolFormat format, @Nullable AnswerFormat asked) {
        if (asked != null && !tools.forced() && format.isBare()) {
            throw JsonFields.invalid(
                    asked.param(),
                    "`" + asked.param()
                            + "` cannot be combined with `tools` for this model, whose calls are JSON too.");
        }
        AnswerFormat exact = withCalls(tools, format, asked, null);
        return structures.isGood(exact.structure()) ? exact : withCalls(tools, format, asked, structures);
    }

    private static AnswerFormat withCalls(
            ToolRequest tools, ToolFormat format, @Nullable AnswerFormat asked, @Nullable CheckedStructures checked) {
        if (asked == null || tools.forced()) {
            return new AnswerFormat(tools.structure(format, tools.forced(), checked), "tools");
        }
        return new AnswerFormat(
                Structure.newBuilder()
                        .setAnyOf(Structures.newBuilder()
                                .addOf(asked.structure())
                                .addOf(tools.structure(format, true, checked)))
                        .build(),
                asked.param());
    }

    private void checkVariable(String name) {
        if (model.tokenizer().isTakenByTemplates(name)) {
            throw JsonFields.invalid(
                    "chat_template_kwargs",
                    "`chat_template_kwargs` may not set `" + ApiError.shortened(name)
                            + "`: it means something to every template.");
        }
    }

    PreparedRequest completion(byte[] body, Caller caller) {
        CompletionRequest request = CompletionRequest.read(
                RequestJson.object(body, CompletionRequest.FIELDS),
                options,
                model.tokenizer().vocabularySize());
        checkModel(request.options().model(), caller.identity());
        int choices = request.prompts().size() * request.options().n();
        if (choices > options.maxChoices() && request.prompts().size() > 1) {
            throw JsonFields.invalid(
                    "prompt",
                    "Prompts times `n` may be at most " + options.maxChoices() + " in one request, not " + choices
                            + ".");
        }
        int room = context.tokens();
        List<Prompt> prompts = new ArrayList<>();
        List<Echo> echoes = new ArrayList<>();
        for (CompletionRequest.Prompt prompt : request.prompts()) {
            TokenIds tokens = switch (prompt) {
                case CompletionRequest.Text text -> encoded(text.text(), room);
                case CompletionRequest.Tokens ids -> new TokenIds(ids.ids(), true);
            };
            prompts.add(checked(tokens, room, request.options(), COMPLETION_TOKENS, Shape.COMPLETION.promptParam()));
            if (request.echo()) {
                echoes.add(echo(prompt, tokens.ids(), request.options()));
            }
        }
        return prepared(
                Shape.COMPLETION, request.options(), prompts, request.options().format(), null, null, echoes, caller);
    }

    /** As the tokens spell it; a text as it was given, where its tokens spell it so but for a begin token. */
    private Echo echo(CompletionRequest.Prompt prompt, int[] tokens, OptionsReader.Options options) {
        boolean scores = options.sampling().getLogprobs();
        if (scores && tokens.length > MOST_SCORED) {
            throw JsonFields.invalid(
                    "echo",
                    "`echo` with `logprobs` is for prompts of up to " + MOST_SCORED + " tokens, not " + tokens.length
                            + ".");
        }
        Integer most = options.maxTokens();
        boolean alone = most != null && most == 0;
        int added = 0;
        if (prompt instanceof CompletionRequest.Text(String given)) {
            String spelled = model.tokenizer().decode(tokens, false);
            added = spelled.endsWith(given) ? spelled.length() - given.length() : 0;
        }
        return new Echo(added, alone);
    }

    private TokenIds encoded(String text, int room) {
        try {
            return model.tokenizer().encodePrompt(text, room);
        } catch (UncuttableTextException e) {
            throw JsonFields.invalid("prompt", String.valueOf(e.getMessage()));
        }
    }

    /** @throws ApiException when it is not the model that is served here, or not for this caller */
    void checkModel(String asked, Identity caller) {
        if (!asked.equals(model.name())) {
            throw new ApiException(ApiError.modelNotFound(asked));
        }
        if (!caller.mayUse(model.name())) {
            throw new ApiException(ApiError.modelNotAllowed(model.name()));
        }
    }

    /**
     * @param context tokens of prompt and answer together
     * @param usual most tokens of an answer whose request does not say
     */
    private static Prompt checked(
            TokenIds tokens, int context, OptionsReader.Options options, int usual, String param) {
        int wanted = options.maxTokens() == null ? 0 : Math.max(1, options.maxTokens());
        if (tokens.ids().length == 0) {
            throw JsonFields.invalid(param, "`" + param + "` encodes to no tokens at all.");
        }
        OptionalInt room = Admission.room(context, tokens.ids().length, wanted);
        if (room.isEmpty()) {
            throw new ApiException(
                    tokens.whole()
                            ? ApiError.contextLengthExceeded(context, tokens.ids().length, wanted, param)
                            : ApiError.promptTooLong(context, tokens.ids().length, param));
        }
        int most = wanted > 0 ? room.getAsInt() : Math.min(room.getAsInt(), Math.max(usual, options.minTokens()));
        return new Prompt(
                tokens.ids(),
                Stopping.newBuilder()
                        .setMaxTokens(most)
                        .setMinTokens(Math.min(options.minTokens(), most))
                        .setIgnoreEos(options.ignoreEos())
                        .addAllStopTokenIds(options.stopTokenIds())
                        .build());
    }

    private @Nullable Structure structure(@Nullable AnswerFormat format) {
        if (format == null) {
            return null;
        }
        if (model.tokenizer().stopIds().length == 0) {
            throw JsonFields.invalid(
                    format.param(),
                    "`" + format.param() + "` is not supported for this model: it names no token that ends an answer.");
        }
        structures.check(format.structure(), format.param());
        return format.structure();
    }

    /** Choice i has the seed + i, and the request's id with -i behind it, the first one's left as it is. */
    private PreparedRequest prepared(
            Shape shape,
            OptionsReader.Options options,
            List<Prompt> prompts,
            @Nullable AnswerFormat format,
            @Nullable ToolFormat tools,
            @Nullable ReasoningFormat reasoning,
            List<Echo> echoes,
            Caller caller) {
        Instant now = clock.instant();
        Long given = options.seed();
        long seed = given == null ? RANDOM.nextLong() : given;
        Structure structure = structure(format);
        ServiceTier tier = options.tier().atMost(caller.identity().highest());
        List<GenerationRequest> generations = new ArrayList<>();
        Sampling.Builder sampling = options.sampling().toBuilder();
        if (!echoes.isEmpty() && sampling.getLogprobs()) {
            sampling.setPromptLogprobs(sampling.getTopLogprobs());
        }
        for (int choice = 0; choice < prompts.size() * options.n(); choice++) {
            Prompt prompt = prompts.get(choice / options.n());
            generations.add(new GenerationRequest(
                    choice == 0 ? caller.requestId() : caller.requestId() + "-" + choice,
                    caller.identity().tenant(),
                    model.name(),
                    prompt.tokens(),
                    sampling.setSeed(seed + choice).build(),
                    prompt.stopping(),
                    tier.priority(),
                    now.plus(caller.patience().generation(options.stream())),
                    now.plus(caller.patience().answer()),
                    caller.tags(),
                    structure));
        }
        return new PreparedRequest(
                shape.answerId(caller.requestId()),
                now.getEpochSecond(),
                model.name(),
                shape,
                generations,
                options.n(),
                options.stops(),
                options.stream(),
                options.includeUsage(),
                options.namesTier() ? tier.label() : null,
                fingerprints.current().orElse(null),
                caller.wantsTiming(),
                tools,
                reasoning,
                echoes,
                "");
    }
}
