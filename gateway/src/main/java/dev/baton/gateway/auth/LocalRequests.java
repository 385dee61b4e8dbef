package dev.baton.gateway.auth;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * What a gateway without keys asks of a request. It listens on loopback, but a web page can make the browser of that
 * machine call it under a name of the page's own that resolves to 127.0.0.1; the name then stands in {@code Host}.
 */
final class LocalRequests {
    private static final Pattern LOOPBACK =
            Pattern.compile("(?i)(localhost|[a-z0-9-]+\\.localhost|127(\\.\\d{1,3}){3}|\\[::1])(:\\d{1,5})?");

    private LocalRequests() {}

    static void check(HttpHeaders headers) {
        String host = headers.getFirst(HttpHeaders.HOST);
        if (!isLoopback(host)) {
            throw new ApiException(ApiError.foreignHost(String.valueOf(host)));
        }
    }

    private static boolean isLoopback(@Nullable String host) {
        return host != null && LOOPBACK.matcher(host).matches();
    }
}
