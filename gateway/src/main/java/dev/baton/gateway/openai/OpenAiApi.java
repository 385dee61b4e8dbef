package dev.baton.gateway.openai;

import dev.baton.cluster.ledger.Account;
import dev.baton.cluster.ledger.Used;
import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedContext;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.auth.Authenticator;
import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.body.Pace;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.ledger.LedgerWriter;
import dev.baton.gateway.limits.BodyReader;
import dev.baton.gateway.limits.PreparationPool;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.gateway.observe.RequestSpan;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.quota.TenantQuotas;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.TagLimits;
import dev.baton.protocol.v1.RequestTags;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;

/**
 * Everything under {@code /v1}, and every other path of the port: one handler, so that unknown paths and wrong methods
 * are answered in the same form as all else.
 */
public final class OpenAiApi implements WebHandler {
    private final Authenticator authenticator;
    private final TenantQuotas quotas;
    private final LedgerWriter ledger;
    private final BodyReader bodies;
    private final PreparationPool pool;
    private final Duration requestTimeout;
    private final Preparation preparation;
    private final CompletionRunner completions;
    private final ResumableCalls resumables;
    private final ServedModel model;
    private final ServedContext context;
    private final EdgeMetrics metrics;
    private final Pace pace;
    private final Tokenization tokenization;
    private final Routes routes = new Routes();
    private final String document;

    /** @param requestTimeout how long any request may take, whatever its client asks for */
    public OpenAiApi(
            Authenticator authenticator,
            TenantQuotas quotas,
            LedgerWriter ledger,
            BodyReader bodies,
            PreparationPool pool,
            Duration requestTimeout,
            Preparation preparation,
            CompletionRunner completions,
            ResumableCalls resumables,
            ServedModel model,
            ServedContext context,
            EdgeMetrics metrics,
            Pace pace) {
        this.authenticator = authenticator;
        this.quotas = quotas;
        this.ledger = ledger;
        this.bodies = bodies;
        this.pool = pool;
        this.requestTimeout = requestTimeout;
        this.preparation = preparation;
        this.completions = completions;
        this.resumables = resumables;
        this.model = model;
        this.context = context;
        this.metrics = metrics;
        this.pace = pace;
        this.tokenization = new Tokenization(model, context, preparation);
        addRoutes();
        this.document = OpenApiDocument.of(routes.all());
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        String requestId = UUID.randomUUID().toString().replace("-", "");
        String path = exchange.getRequest().getURI().getRawPath();
        HttpMethod method = exchange.getRequest().getMethod();
        RequestTrace trace = new RequestTrace(metrics, requestId, method + " " + ApiError.shortened(path));
        trace.under(RequestSpan.of(exchange));
        trace.client(clientRequest(exchange.getRequest().getHeaders()));
        HttpResponse response = new HttpResponse(exchange, trace, pace);
        return Mono.defer(() -> route(response, method, path))
                .onErrorResume(AbortedException.class, e -> left(trace))
                .onErrorResume(e -> response.error(error(e, trace)))
                // Before the signal goes on: after it the request's span has ended, and takes nothing more.
                .doOnTerminate(() -> trace.end(response.status(), false))
                .doOnCancel(() -> trace.end(response.status(), true));
    }

    /** What the client calls its request; official clients send the second of these. */
    private static @Nullable String clientRequest(HttpHeaders headers) {
        String given = headers.getFirst("X-Request-Id");
        return given == null ? headers.getFirst("X-Client-Request-Id") : given;
    }

    /** The client closed the connection while its body came: no answer is sent. */
    private static Mono<Void> left(RequestTrace trace) {
        trace.clientLeft();
        return Mono.empty();
    }

    private void addRoutes() {
        add(
                HttpMethod.POST,
                "/v1/chat/completions",
                "chat",
                "The next message of a conversation, streamed or whole",
                "ChatCompletionRequest",
                "ChatCompletion",
                (response, caller, none) -> generate(response, caller, preparation::chat));
        add(
                HttpMethod.POST,
                "/v1/completions",
                "completions",
                "What follows a prompt, streamed or whole",
                "CompletionRequest",
                "Completion",
                (response, caller, none) -> generate(response, caller, preparation::completion));
        add(
                HttpMethod.POST,
                "/v1/responses",
                "responses",
                "The next items of a conversation, streamed or whole",
                "ResponsesRequest",
                "Response",
                (response, caller, none) -> generate(response, caller, preparation::response));
        add(
                HttpMethod.GET,
                "/v1/streams/{id}",
                "streams",
                "The rest of a resumable stream",
                "",
                "ChatCompletion",
                this::resume);
        add(HttpMethod.GET, "/v1/models", "models", "The models that are served", "", "ModelList", this::models);
        add(
                HttpMethod.GET,
                "/v1/models/{id}",
                "models",
                "One model",
                "",
                "Model",
                (response, caller, id) -> id.isEmpty() ? models(response, caller, id) : model(response, caller, id));
        for (String base : List.of("/v1", "")) {
            // Where vLLM has them, and where a client's base address leads.
            add(
                    HttpMethod.POST,
                    base + "/tokenize",
                    "tokenize",
                    "The tokens of a text or a conversation",
                    "TokenizeRequest",
                    "TokenizeResponse",
                    (response, caller, none) -> convert(response, caller, tokenization::tokenize));
            add(
                    HttpMethod.POST,
                    base + "/detokenize",
                    "tokenize",
                    "The text of tokens",
                    "DetokenizeRequest",
                    "DetokenizeResponse",
                    (response, caller, none) -> convert(response, caller, tokenization::detokenize));
        }
        add(
                HttpMethod.GET,
                "/openapi.json",
                "openapi",
                "This document",
                "",
                "OpenApiDocument",
                (response, caller, none) -> response.json(200, document));
    }

    private void add(
            HttpMethod method,
            String path,
            String endpoint,
            String summary,
            String request,
            String answer,
            Route.Handler handler) {
        routes.add(new Route(method, path, endpoint, summary, request, answer, handler));
    }

    private Mono<Void> route(HttpResponse response, HttpMethod method, String path) {
        Identity caller = authenticator.identify(response.request().getHeaders());
        response.trace().caller(caller.tenant(), caller.key());
        return routes.serve(response, caller, method, path);
    }

    /** What takes no worker. */
    private Mono<Void> convert(
            HttpResponse response, Identity caller, BiFunction<byte[], Identity, Tokenization.Answer> conversion) {
        ServerHttpRequest request = response.request();
        checkMediaType(request.getHeaders());
        return bodies.read(
                        request,
                        body -> pool.run(
                                caller.tenant(),
                                PreparationPool.isShort(body.length),
                                () -> conversion.apply(body, caller)))
                .flatMap(answer -> Mono.using(
                        () -> completions.account(answer.bytes()),
                        account -> response.json(answer.json(), account),
                        AnswerBudget.Account::close));
    }

    private Mono<Void> models(HttpResponse response, Identity caller, String none) {
        return response.json(200, ResponseBodies.models(model, context.tokens(), caller.mayUse(model.name())));
    }

    private Mono<Void> model(HttpResponse response, Identity caller, String id) {
        String name = URLDecoder.decode(id.replace("+", "%2B"), StandardCharsets.UTF_8);
        if (!caller.mayUse(model.name()) || !name.equals(model.name())) {
            return Mono.error(new ApiException(ApiError.modelNotFound(ApiError.shortened(name))));
        }
        return response.json(200, ResponseBodies.model(model, context.tokens()));
    }

    private Mono<Void> generate(
            HttpResponse response, Identity identity, BiFunction<byte[], Preparation.Caller, PreparedRequest> prepare) {
        ServerHttpRequest request = response.request();
        checkMediaType(request.getHeaders());
        Preparation.Caller caller = new Preparation.Caller(
                response.trace().requestId(),
                identity,
                ClientPatience.of(request.getHeaders(), requestTimeout),
                Boolean.parseBoolean(request.getHeaders().getFirst("X-Baton-Timing")),
                RequestTags.newBuilder().setTraceparent(traceparent(response)).build());
        ResumeWish wish = ResumeWish.of(request.getHeaders());
        if (wish.wanted()) {
            return resumable(response, caller, wish, prepare);
        }
        return bodies.read(request, body -> {
                    boolean atOnce = PreparationPool.isShort(body.length) && !Preparation.compiles(body);
                    return pool.run(identity.tenant(), atOnce, () -> prepare.apply(body, caller));
                })
                .flatMap(prepared -> {
                    response.trace().prompt(prepared.model(), prepared.promptTokens());
                    return quotas.within(
                            identity,
                            response.trace(),
                            prepared.mostTokens(),
                            response::headers,
                            () -> answer(response, prepared, caller.patience())
                                    .doFinally(signal -> account(identity, response.trace())));
                });
    }

    private Mono<Void> resumable(
            HttpResponse response,
            Preparation.Caller caller,
            ResumeWish wish,
            BiFunction<byte[], Preparation.Caller, PreparedRequest> prepare) {
        Identity identity = caller.identity();
        String endpoint = response.request().getURI().getRawPath();
        return bodies.read(response.request(), body -> {
                    boolean isShort = PreparationPool.isShort(body.length);
                    boolean atOnce = isShort && !Preparation.compiles(body);
                    Mono<String> key = wish.key().isEmpty()
                            ? Mono.just("")
                            : pool.run(identity.tenant(), isShort, () -> wish.scoped(endpoint, body));
                    return key.flatMap(clientKey -> resumables
                            .known(identity, clientKey)
                            .<Supplier<Mono<Void>>>map(
                                    kept -> () -> resumables.again(response, identity, kept, caller.patience()))
                            .switchIfEmpty(Mono.defer(() -> pool.run(
                                            identity.tenant(), atOnce, () -> prepare.apply(body, caller))
                                    .map(prepared -> () -> {
                                        checkResumable(prepared);
                                        response.trace().prompt(prepared.model(), prepared.promptTokens());
                                        return resumables.begin(
                                                response, identity, prepared, clientKey, caller.patience());
                                    }))));
                })
                .flatMap(Supplier::get);
    }

    private static void checkResumable(PreparedRequest prepared) {
        if (prepared.shape() == Shape.RESPONSE) {
            throw new ApiException(ApiError.badRequest(
                    null,
                    "Responses cannot be resumed: leave out X-Baton-Resumable and Idempotency-Key, or use"
                            + " /v1/chat/completions."));
        }
        if (!prepared.echoes().isEmpty()) {
            throw new ApiException(
                    ApiError.badRequest("echo", "`echo` is not supported for answers that can be resumed."));
        }
    }

    private Mono<Void> resume(HttpResponse response, Identity caller, String id) {
        ServerHttpRequest request = response.request();
        String after = request.getQueryParams().getFirst("after");
        return resumables.resume(
                response,
                caller,
                id,
                after != null ? after : request.getHeaders().getFirst("Last-Event-ID"),
                ClientPatience.of(request.getHeaders(), requestTimeout));
    }

    /** Of the request's span; the client's own where this gateway does not trace, for workers that may. */
    private static String traceparent(HttpResponse response) {
        String own = response.trace().traceparent();
        return own.isEmpty()
                ? TagLimits.traceparent(response.request().getHeaders().getFirst("traceparent"))
                : own;
    }

    private void account(Identity caller, RequestTrace trace) {
        if (trace.served()) {
            ledger.add(
                    new Account(caller.tenant(), caller.key(), model.name()),
                    new Used(1, trace.promptTokens(), trace.cachedTokens(), trace.tokens() - trace.promptTokens()));
        }
    }

    private Mono<Void> answer(HttpResponse response, PreparedRequest prepared, ClientPatience patience) {
        return Mono.using(
                () -> completions.account(prepared.heldBytes()),
                account -> prepared.stream()
                        ? stream(response, prepared, account, patience)
                        : collect(response, prepared, account),
                AnswerBudget.Account::close);
    }

    private Mono<Void> stream(
            HttpResponse response, PreparedRequest prepared, AnswerBudget.Account account, ClientPatience patience) {
        return completions.stream(
                        prepared,
                        response.trace(),
                        account,
                        response.connection(),
                        patience.answer().minus(response.trace().elapsed()),
                        null)
                .flatMap(events -> response.events(events, patience.silence()));
    }

    private Mono<Void> collect(HttpResponse response, PreparedRequest prepared, AnswerBudget.Account account) {
        return completions
                .collect(prepared, response.trace(), account)
                .flatMap(answer -> response.json(ResponseBodies.completion(prepared, answer), account));
    }

    /** A form in a web page can post anything but JSON: without keys the type must be said. */
    private void checkMediaType(HttpHeaders headers) {
        String given = headers.getFirst(HttpHeaders.CONTENT_TYPE);
        if (given == null && !authenticator.isOpen()) {
            return;
        }
        if (given == null) {
            throw new ApiException(ApiError.unsupportedMediaType("of no type"));
        }
        try {
            MediaType type = MediaType.parseMediaType(given);
            if (type.getSubtype().equals("json") || type.getSubtype().endsWith("+json")) {
                return;
            }
        } catch (InvalidMediaTypeException notOne) {
            // Refused below with the words that were sent.
        }
        throw new ApiException(ApiError.unsupportedMediaType(ApiError.shortened(given)));
    }

    private static ApiError error(Throwable e, RequestTrace trace) {
        if (e instanceof ApiException known) {
            return known.error();
        }
        trace.problem("request failed unexpectedly", e);
        return ApiError.internal("Something went wrong here; the log has the details under this request id.");
    }
}
