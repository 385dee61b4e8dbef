package dev.baton.gateway.observe;

import dev.baton.cluster.tracing.TracedSpan;
import dev.baton.gateway.error.ApiError;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Measures one request at the edge: times, counts and, at its end, one log line. Guarded by {@code this}. */
public final class RequestTrace {
    private static final Logger LOG = LoggerFactory.getLogger("dev.baton.gateway.request");
    private static final int CLIENT_LEFT = 499;
    private static final int BAD_REQUEST = 400;
    private static final int SERVER_ERROR = 500;

    private final EdgeMetrics metrics;
    private final String requestId;
    private final String what;
    private final long started;
    private TracedSpan span = TracedSpan.NONE;
    private String endpoint = "other";
    private String model = "none";
    private String clientRequest = "";
    private String param = "";
    private String tenant = "none";
    private String key = "none";
    private boolean inFlight;
    private boolean queued;
    private boolean ended;
    private boolean left;
    private boolean served;
    private boolean repeats;
    private long[] firstAt = {};
    private long[] lastAt = {};
    private int[] counts = {};
    private long firstTokenNanos = -1;
    private int promptTokens;
    private int cachedTokens;
    private int completionTokens;
    private int attempts;
    private String recoveries = "";
    private String finish = "";
    private String error = "";

    /** @param what method and path, for the log */
    public RequestTrace(EdgeMetrics metrics, String requestId, String what) {
        this.metrics = metrics;
        this.requestId = requestId;
        this.what = what;
        this.started = metrics.clock().monotonicTime();
    }

    public String requestId() {
        return requestId;
    }

    public Duration elapsed() {
        return Duration.ofNanos(metrics.clock().monotonicTime() - started);
    }

    /** What is sent was made for another request, or is sent again: it is not counted as made once more. */
    public synchronized RequestTrace repeats() {
        repeats = true;
        return this;
    }

    /** Under which the request is traced. */
    public synchronized void under(TracedSpan requestSpan) {
        span = requestSpan;
        span.with("baton.request.id", requestId);
    }

    /** @param given the request's id as the client calls it; null when it names none */
    public synchronized void client(@Nullable String given) {
        if (given != null && !given.isEmpty()) {
            clientRequest = LogText.escaped(given);
            span.with("baton.client.request.id", clientRequest);
        }
    }

    /** W3C {@code traceparent} for what is done for the request; empty when it is not traced. */
    public synchronized String traceparent() {
        return span.traceparent();
    }

    /** @param name one of the few known endpoints: it becomes a metric tag */
    public synchronized void endpoint(String name) {
        endpoint = name;
    }

    /**
     * Who asks.
     *
     * @param keyId of the key; never the key itself
     */
    public synchronized void caller(String tenantId, String keyId) {
        tenant = tenantId;
        key = keyId;
        span.with("baton.tenant", tenant).with("baton.key.id", key);
    }

    /** @param served the model that answers */
    public synchronized void prompt(String served, int tokens) {
        model = served;
        promptTokens = tokens;
        span.with("gen_ai.operation.name", operation().name())
                .with("gen_ai.provider.name", "baton")
                .with("gen_ai.request.model", model)
                .with("gen_ai.usage.input_tokens", tokens);
    }

    private GenAiMetrics.Operation operation() {
        return new GenAiMetrics.Operation(endpoint.equals("completions") ? "text_completion" : endpoint, model);
    }

    private boolean generates() {
        return endpoint.equals("chat") || endpoint.equals("completions");
    }

    public synchronized void dispatched(int choices) {
        firstAt = new long[choices];
        lastAt = new long[choices];
        counts = new int[choices];
        if (repeats) {
            return;
        }
        inFlight = true;
        queued = true;
        metrics.inFlight.incrementAndGet();
        metrics.queued.incrementAndGet();
    }

    public synchronized void admitted() {
        served = true;
        leaveQueue();
    }

    private void leaveQueue() {
        if (queued) {
            queued = false;
            metrics.queued.decrementAndGet();
        }
    }

    public synchronized void token(int choice, int count) {
        long now = metrics.clock().monotonicTime();
        served = true;
        if (repeats) {
            counts[choice] = count;
            return;
        }
        if (firstTokenNanos < 0) {
            firstTokenNanos = now - started;
            span.within(() -> metrics.firstToken.record(firstTokenNanos, TimeUnit.NANOSECONDS));
            span.within(() -> metrics.genAi.firstToken(operation(), Duration.ofNanos(firstTokenNanos)));
        }
        if (count == 1) {
            firstAt[choice] = now;
        } else {
            metrics.betweenTokens.record(now - lastAt[choice], TimeUnit.NANOSECONDS);
        }
        lastAt[choice] = now;
        counts[choice] = count;
    }

    /** Whether workers took it: else nothing was computed. */
    public synchronized boolean served() {
        return served;
    }

    public synchronized int promptTokens() {
        return promptTokens;
    }

    /** Of the prompt's, those found in a cache; known once all is done. */
    public synchronized int cachedTokens() {
        return cachedTokens;
    }

    /** Tokens of the prompt, and of the answer so far. */
    public synchronized long tokens() {
        return promptTokens + Arrays.stream(counts).asLongStream().sum();
    }

    public synchronized void finished(String reason) {
        finish = reason;
    }

    /** @param dispatches attempts of the first choice: more than one means that a worker was lost */
    public synchronized void done(int prompt, int cached, int dispatches) {
        promptTokens = prompt;
        cachedTokens = cached;
        attempts = dispatches;
    }

    /** @param how the request went on after workers were lost, for people; empty when none was */
    public synchronized void recovered(String how) {
        recoveries = how;
    }

    public synchronized void clientLeft() {
        left = true;
    }

    /** The answer failed after its status had been sent. */
    public synchronized void failedInStream(ApiError cause) {
        span.failed(cause.code(), cause.message());
        error = cause.status() + " " + cause.message();
    }

    public synchronized void failed(ApiError cause) {
        error = cause.code();
        param = cause.param() == null ? "" : LogText.escaped(cause.param());
        if (cause.status() >= SERVER_ERROR) {
            span.failed(error, cause.message());
        } else {
            span.with("error.type", error);
        }
    }

    /** Something that should not happen; its stack trace goes to the log. */
    public void problem(String message, Throwable cause) {
        int leftOut =
                metrics.lines.next(cause.getClass().getName(), metrics.clock().monotonicTime());
        if (leftOut >= 0) {
            LOG.atError()
                    .addKeyValue("request", requestId)
                    .addKeyValue("left_out", leftOut)
                    .setCause(cause)
                    .log(message);
        }
    }

    /** The response is over. Only the first call counts. */
    public synchronized void end(int status, boolean cancelled) {
        if (ended) {
            return;
        }
        ended = true;
        int shown = left || cancelled ? CLIENT_LEFT : status;
        long nanos = metrics.clock().monotonicTime() - started;
        if (inFlight) {
            leaveQueue();
            metrics.inFlight.decrementAndGet();
            countTokens();
        }
        metrics.ended(endpoint, tenant, Integer.toString(shown), nanos);
        if (generates()) {
            String type = shown < BAD_REQUEST ? "" : Integer.toString(shown);
            span.within(() -> metrics.genAi.ended(operation(), type, Duration.ofNanos(nanos)));
        }
        describe();
        log(shown, nanos);
    }

    private void describe() {
        if (!finish.isEmpty()) {
            span.with("gen_ai.response.finish_reasons", List.of(finish));
        }
        if (inFlight) {
            span.with("gen_ai.usage.output_tokens", completionTokens)
                    .with("gen_ai.usage.cache_read.input_tokens", cachedTokens)
                    .with("baton.attempts", attempts);
        }
        if (!recoveries.isEmpty()) {
            span.with("baton.recoveries", recoveries);
        }
    }

    private void countTokens() {
        int made = 0;
        for (int choice = 0; choice < counts.length; choice++) {
            made += counts[choice];
            if (counts[choice] > 1) {
                long each = (lastAt[choice] - firstAt[choice]) / (counts[choice] - 1);
                span.within(() -> metrics.perToken.record(each, TimeUnit.NANOSECONDS));
                span.within(() -> metrics.genAi.perToken(operation(), Duration.ofNanos(each)));
            }
        }
        completionTokens = made;
        metrics.tokens(tenant, model, "prompt", promptTokens);
        metrics.tokens(tenant, model, "cached", cachedTokens);
        metrics.tokens(tenant, model, "completion", completionTokens);
    }

    private void log(int status, long nanos) {
        boolean refused = status >= 400 && status < CLIENT_LEFT;
        int leftOut = refused ? metrics.lines.next(tenant + ' ' + error, started + nanos) : 0;
        if (leftOut < 0) {
            return;
        }
        LoggingEventBuilder line = (status >= 500 || !error.isEmpty() && status == 200 ? LOG.atWarn() : LOG.atInfo())
                .addKeyValue("request", requestId)
                .addKeyValue("tenant", tenant)
                .addKeyValue("key", key)
                .addKeyValue("status", status)
                .addKeyValue("ms", millis(nanos));
        if (!clientRequest.isEmpty()) {
            line = line.addKeyValue("client_request", clientRequest);
        }
        if (!span.traceId().isEmpty()) {
            line = line.addKeyValue("trace", span.traceId());
        }
        if (inFlight) {
            line = line.addKeyValue("prompt_tokens", promptTokens)
                    .addKeyValue("cached_tokens", cachedTokens)
                    .addKeyValue("completion_tokens", completionTokens);
        }
        if (firstTokenNanos >= 0) {
            line = line.addKeyValue("ttft_ms", millis(firstTokenNanos));
        }
        if (attempts > 1) {
            line = line.addKeyValue("attempts", attempts);
        }
        if (!recoveries.isEmpty()) {
            line = line.addKeyValue("recoveries", recoveries);
        }
        if (!finish.isEmpty()) {
            line = line.addKeyValue("finish", finish);
        }
        if (!error.isEmpty()) {
            line = line.addKeyValue("error", error);
        }
        if (!param.isEmpty()) {
            line = line.addKeyValue("param", param);
        }
        if (leftOut > 0) {
            line = line.addKeyValue("left_out", leftOut);
        }
        line.log(what);
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f", nanos / 1e6);
    }
}
