package dev.baton.gateway.error;

import dev.baton.gateway.json.ResponseJson;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong, as the client sees it.
 *
 * @param type class of error, e.g. {@code invalid_request_error}
 * @param param name of the request field at fault, null when it is not about one
 * @param message one line, whatever text of a client is in it
 * @param code stable name that programs test for
 * @param headers response headers that belong to this error; {@code x-should-retry: false} is added where the client's
 *     own request is at fault, so that the same again would end the same
 */
public record ApiError(
        int status, String type, String message, @Nullable String param, String code, Map<String, String> headers) {
    private static final String INVALID = "invalid_request_error";
    private static final String OVERLOADED = "overloaded_error";
    private static final String RETRY = "x-should-retry";
    private static final int MOST_ECHOED = 120;
    private static final int LONGEST_MESSAGE = 800;
    private static final Duration ANSWERS_RETRY = Duration.ofSeconds(5);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);

    /** Official clients ignore more. */
    private static final Duration LONGEST_WHERE_KNOWN = Duration.ofMinutes(1);

    public ApiError {
        message = line(message, LONGEST_MESSAGE);
        param = param == null ? null : line(param, MOST_ECHOED);
        if (status >= 400 && status < 500 && status != 429) {
            Map<String, String> all = new HashMap<>(headers);
            all.put(RETRY, "false");
            headers = all;
        }
        headers = Map.copyOf(headers);
    }

    /** What of a client's text an error or a log line shows: at most a line, without what steers a terminal. */
    public static String shortened(String text) {
        return line(text, MOST_ECHOED);
    }

    /** Whole characters only, each of them visible or a space. */
    private static String line(String text, int longest) {
        StringBuilder line = new StringBuilder();
        int i = 0;
        while (i < text.length() && line.length() < longest) {
            int c = text.codePointAt(i);
            line.appendCodePoint(isShown(c) ? c : 0xFFFD);
            i += Character.charCount(c);
        }
        return i < text.length() ? line.append('…').toString() : line.toString();
    }

    private static boolean isShown(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    private static ApiError invalid(int status, String message, @Nullable String param, String code) {
        return new ApiError(status, INVALID, message, param, code, Map.of());
    }

    public static ApiError badRequest(@Nullable String param, String message) {
        return invalid(400, message, param, INVALID);
    }

    /**
     * Prompt and answer do not fit.
     *
     * @param context tokens of both together
     * @param wanted tokens of the answer that were asked for; 0 = the rest of the context
     * @param param the field that carries the prompt
     */
    public static ApiError contextLengthExceeded(int context, int promptTokens, int wanted, String param) {
        String message = promptTokens >= context
                ? "This model's context holds " + context + " tokens, but " + param + " alone takes " + promptTokens
                        + "; please shorten it."
                : "This model's context holds " + context + " tokens, but " + ((long) promptTokens + wanted)
                        + " were requested: " + promptTokens + " in " + param + " and " + wanted
                        + " for the answer (max_tokens).";
        return invalid(400, message, param, "context_length_exceeded");
    }

    /** The prompt was not read to its end: it has more tokens than {@code counted}, which the context does not hold. */
    public static ApiError promptTooLong(int context, int counted, String param) {
        return invalid(
                400,
                "This model's context holds " + context + " tokens, but " + param + " alone takes more than " + counted
                        + "; please shorten it.",
                param,
                "context_length_exceeded");
    }

    public static ApiError invalidKey(String message) {
        return new ApiError(401, INVALID, message, null, "invalid_api_key", Map.of("WWW-Authenticate", "Bearer"));
    }

    /** The gateway has no keys, and the request names a host that is not this machine. */
    public static ApiError foreignHost(String host) {
        return invalid(
                403,
                "Without API keys only requests to localhost are served, not to the host " + shortened(host)
                        + "; call http://127.0.0.1, or set baton.http.api-keys.",
                null,
                "permission_denied");
    }

    public static ApiError foreignOrigin() {
        return invalid(
                403,
                "Pages of this origin, or this method, may not call from a browser (setting baton.http.cors-origins).",
                null,
                "permission_denied");
    }

    public static ApiError modelNotAllowed(String model) {
        return invalid(
                403, "This API key may not use the model `" + shortened(model) + "`.", "model", "permission_denied");
    }

    public static ApiError unknownPath(String method, String path) {
        return invalid(
                404,
                "There is nothing at " + method + " " + path + "; a client's base address here ends in /v1, and no path"
                        + " ends in a slash.",
                null,
                "unknown_url");
    }

    public static ApiError modelNotFound(String model) {
        return invalid(
                404,
                "The model `" + shortened(model) + "` is not served here; GET /v1/models lists what is.",
                "model",
                "model_not_found");
    }

    /** Also for those of other tenants. */
    public static ApiError streamNotFound() {
        return invalid(
                404,
                "There is no such stream: it was never resumable, it ended too long ago (baton.resume.keep), or it is"
                        + " another tenant's.",
                null,
                "stream_not_found");
    }

    public static ApiError methodNotAllowed(String method, String path, List<String> allowed) {
        String allow = String.join(", ", allowed);
        return new ApiError(
                405,
                INVALID,
                path + " does not take " + method + "; use " + allow + ".",
                null,
                "method_not_allowed",
                Map.of("Allow", allow));
    }

    public static ApiError deadlineExceeded() {
        return new ApiError(
                408,
                "timeout_error",
                "The request's own deadline (X-Stainless-Timeout, X-Stainless-Read-Timeout, or the setting"
                        + " baton.limits.deadline) passed before it was done.",
                null,
                "deadline_exceeded",
                Map.of());
    }

    public static ApiError headTooSlow(Duration limit) {
        return new ApiError(
                408,
                "timeout_error",
                "The request's headers did not arrive within " + limit.toSeconds()
                        + " s (setting baton.http.head-timeout).",
                null,
                "request_timeout",
                Map.of("Connection", "close"));
    }

    public static ApiError bodyTooSlow(Duration limit) {
        return new ApiError(
                408,
                "timeout_error",
                "The request body did not arrive within " + limit.toSeconds() + " s (setting baton.http.body-timeout).",
                null,
                "request_timeout",
                Map.of("Connection", "close"));
    }

    public static ApiError tooLarge(long limitBytes) {
        return new ApiError(
                413,
                INVALID,
                "The request body is larger than " + limitBytes + " bytes (setting baton.http.max-body).",
                null,
                "request_too_large",
                Map.of());
    }

    public static ApiError addressTooLong() {
        return invalid(
                414,
                "The request's address is too long (setting server.netty.max-initial-line-length).",
                null,
                "uri_too_long");
    }

    public static ApiError headersTooLarge() {
        return invalid(
                431,
                "The request's headers are too large (setting server.max-http-request-header-size).",
                null,
                "headers_too_large");
    }

    public static ApiError unsupportedMediaType(String given) {
        return invalid(415, "The body must be application/json, not " + given + ".", null, "unsupported_media_type");
    }

    public static ApiError overloaded(String message, Duration retryAfter) {
        return new ApiError(
                429, OVERLOADED, message, null, "server_overloaded", retryHeaders(retryAfter, LONGEST_WHERE_KNOWN));
    }

    /**
     * A tenant or a key has taken what its quota allows.
     *
     * @param type what there is too much of: requests or tokens
     * @param limits headers that say what the quota is
     */
    public static ApiError rateLimited(String type, String message, Duration retryAfter, Map<String, String> limits) {
        Map<String, String> all = new HashMap<>(limits);
        all.putAll(retryHeaders(retryAfter, LONGEST_WHERE_KNOWN));
        return new ApiError(429, type, message, null, "rate_limit_exceeded", all);
    }

    /** @param code which capacity or service is missing */
    public static ApiError unavailable(String message, String code, @Nullable Duration retryAfter) {
        return new ApiError(503, OVERLOADED, message, null, code, retryHeaders(retryAfter));
    }

    /**
     * The answers that are not sent yet hold all the memory that they may have, and this one holds most.
     *
     * @param alone it holds more than half, so a retry would end likewise
     */
    public static ApiError answersFull(long limitBytes, boolean alone) {
        String message = "The answers that are not sent yet take more than " + limitBytes
                + " bytes together (setting baton.http.max-answers), and this one takes most of them. Ask for fewer"
                + " choices (n), fewer top_logprobs or fewer tokens, and read streams as they come.";
        return new ApiError(
                503,
                OVERLOADED,
                message,
                null,
                "server_overloaded",
                alone ? Map.of(RETRY, "false") : retryHeaders(ANSWERS_RETRY));
    }

    public static ApiError internal(String message) {
        return new ApiError(500, "server_error", message, null, "internal_error", Map.of());
    }

    private static Map<String, String> retryHeaders(@Nullable Duration retryAfter) {
        return retryAfter == null ? Map.of() : retryHeaders(retryAfter, LONGEST_RETRY);
    }

    private static Map<String, String> retryHeaders(Duration retryAfter, Duration longest) {
        long millis = Math.clamp(retryAfter.toMillis(), 1, longest.toMillis());
        long seconds = (millis + 999) / 1000;
        return Map.of("Retry-After", Long.toString(seconds), "retry-after-ms", Long.toString(millis));
    }

    /** The body: an object with the one key {@code error}. */
    public String json() {
        return ResponseJson.write(new Body(new Detail(message, type, param, code)));
    }

    /** What a response object has as its {@code error}. */
    public String ofResponse() {
        return ResponseJson.write(new Failed(code, message));
    }

    private record Failed(String code, String message) {}

    private record Body(Detail error) {}

    private record Detail(
            String message, String type, @Nullable String param, String code) {}
}
