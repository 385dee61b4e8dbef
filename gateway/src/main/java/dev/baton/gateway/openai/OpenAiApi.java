package dev.baton.gateway.openai;

import dev.baton.gateway.answer.Answers;
import dev.baton.gateway.answer.Plan;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.auth.Authenticator;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.limits.BodyReader;
import dev.baton.gateway.limits.PreparationPool;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.gateway.observe.RequestTrace;
import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.netty.channel.AbortedException;

/**
 * Everything under {@code /v1}: who asks, what for, and the answer or the error. One handler for all paths, so that
 * unknown paths and wrong methods are answered in the same form as all else.
 */
public final class OpenAiApi implements WebHandler {
    private static final String ROOT = "/v1";
    private static final Duration SHORTEST_PATIENCE = Duration.ofMillis(1);

    private final Entry entry;
    private final Preparation preparation;
    private final Answers answers;
    private final ServedModel model;
    private final EdgeMetrics metrics;

    /** What a request passes on its way in. */
    public record Entry(
            Authenticator authenticator, BodyReader bodies, PreparationPool pool, Duration requestTimeout) {}

    public OpenAiApi(Entry entry, Preparation preparation, Answers answers, ServedModel model, EdgeMetrics metrics) {
        this.entry = entry;
        this.preparation = preparation;
        this.answers = answers;
        this.model = model;
        this.metrics = metrics;
    }

    /** One way to make a plan of a body. */
    private interface Reading {
        Plan read(byte[] body, Preparation.Caller caller);
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        String requestId = UUID.randomUUID().toString().replace("-", "");
        String path = exchange.getRequest().getURI().getRawPath();
        HttpMethod method = exchange.getRequest().getMethod();
        RequestTrace trace = new RequestTrace(metrics, requestId, method + " " + shortened(path));
        Reply reply = new Reply(exchange, trace);
        return Mono.defer(() -> route(reply, method, path.substring(ROOT.length())))
                .onErrorResume(AbortedException.class, e -> left(trace))
                .onErrorResume(e -> reply.error(error(e, trace)))
                .doFinally(signal -> trace.end(reply.status(), signal == SignalType.CANCEL));
    }

    /** The connection was closed while the body came: there is nobody to answer. */
    private static Mono<Void> left(RequestTrace trace) {
        trace.clientLeft();
        return Mono.empty();
    }

    private Mono<Void> route(Reply reply, HttpMethod method, String path) {
        ServerHttpRequest request = reply.request();
        String tenant = entry.authenticator().tenant(request.getHeaders());
        reply.trace().tenant(tenant);
        if (path.equals("/chat/completions")) {
            reply.trace().endpoint("chat");
            return allowed(reply, HttpMethod.POST, method)
                    .then(Mono.defer(() -> generate(reply, tenant, preparation::chat)));
        }
        if (path.equals("/completions")) {
            reply.trace().endpoint("completions");
            return allowed(reply, HttpMethod.POST, method)
                    .then(Mono.defer(() -> generate(reply, tenant, preparation::completion)));
        }
        if (path.equals("/models") || path.startsWith("/models/")) {
            reply.trace().endpoint("models");
            return allowed(reply, HttpMethod.GET, method).then(Mono.defer(() -> models(reply, path)));
        }
        return Mono.error(new ApiException(ApiError.unknownPath(method.name(), ROOT + shortened(path))));
    }

    private static Mono<Void> allowed(Reply reply, HttpMethod wanted, HttpMethod given) {
        if (given.equals(wanted)) {
            return Mono.empty();
        }
        String path = shortened(reply.request().getURI().getRawPath());
        return Mono.error(new ApiException(ApiError.methodNotAllowed(given.name(), path, List.of(wanted.name()))));
    }

    private Mono<Void> models(Reply reply, String path) {
        if (path.equals("/models") || path.equals("/models/")) {
            return reply.json(200, Bodies.models(model));
        }
        String name =
                URLDecoder.decode(path.substring("/models/".length()).replace("+", "%2B"), StandardCharsets.UTF_8);
        if (!name.equals(model.name())) {
            return Mono.error(new ApiException(ApiError.modelNotFound(shortened(name))));
        }
        return reply.json(200, Bodies.model(model));
    }

    private Mono<Void> generate(Reply reply, String tenant, Reading reading) {
        ServerHttpRequest request = reply.request();
        checkMediaType(request.getHeaders());
        Preparation.Caller caller = new Preparation.Caller(
                reply.trace().requestId(),
                tenant,
                patience(request.getHeaders()),
                Boolean.parseBoolean(request.getHeaders().getFirst("X-Baton-Timing")));
        return entry.bodies()
                .read(request, body -> entry.pool().run(body.length, () -> reading.read(body, caller)))
                .flatMap(plan -> {
                    reply.trace().prompt(plan.promptTokens());
                    return plan.stream() ? stream(reply, plan) : collect(reply, plan);
                });
    }

    private Mono<Void> stream(Reply reply, Plan plan) {
        return answers.stream(plan, reply.trace(), reply.outlet()).flatMap(events -> reply.events(events));
    }

    private Mono<Void> collect(Reply reply, Plan plan) {
        return answers.collect(plan, reply.trace()).flatMap(answer -> reply.json(200, Bodies.answer(plan, answer)));
    }

    private static void checkMediaType(HttpHeaders headers) {
        String given = headers.getFirst(HttpHeaders.CONTENT_TYPE);
        if (given == null) {
            return;
        }
        try {
            MediaType type = MediaType.parseMediaType(given);
            if (type.getSubtype().equals("json") || type.getSubtype().endsWith("+json")) {
                return;
            }
        } catch (InvalidMediaTypeException notOne) {
            // Refused below with the words that were sent.
        }
        throw new ApiException(ApiError.unsupportedMediaType(shortened(given)));
    }

    /** How long the client waits by its own account, and never longer than we allow. */
    private Duration patience(HttpHeaders headers) {
        String given = headers.getFirst("X-Stainless-Timeout");
        if (given == null) {
            return entry.requestTimeout();
        }
        try {
            BigDecimal seconds = new BigDecimal(given.strip());
            if (seconds.signum() <= 0
                    || seconds.compareTo(
                                    BigDecimal.valueOf(entry.requestTimeout().toSeconds()))
                            > 0) {
                return entry.requestTimeout();
            }
            Duration patience = Duration.ofMillis(seconds.movePointRight(3).longValue());
            return patience.compareTo(SHORTEST_PATIENCE) < 0 ? SHORTEST_PATIENCE : patience;
        } catch (NumberFormatException notANumber) {
            return entry.requestTimeout();
        }
    }

    private static ApiError error(Throwable e, RequestTrace trace) {
        if (e instanceof ApiException known) {
            return known.error();
        }
        trace.problem("request failed unexpectedly", e);
        return ApiError.internal("Something went wrong here; the log has the details under this request id.");
    }

    private static String shortened(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }
}
