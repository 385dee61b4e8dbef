package dev.baton.gateway.openai;

import dev.baton.gateway.auth.Identity;
import java.util.Optional;
import org.springframework.http.HttpMethod;
import reactor.core.publisher.Mono;

/**
 * One call of the API.
 *
 * @param path as clients call it; a last part in braces stands for a parameter
 * @param endpoint of few: a tag of meters
 * @param summary one line for people
 * @param request the schema of its body in the OpenAPI document, empty for none
 * @param response likewise of what it answers
 */
record Route(
        HttpMethod method,
        String path,
        String endpoint,
        String summary,
        String request,
        String response,
        Handler handler) {
    /** What answers a call. */
    interface Handler {
        /** @param parameter the last part of the path as it was sent, empty where the path has no parameter */
        Mono<Void> handle(HttpResponse response, Identity caller, String parameter);
    }

    private static final String PARAMETER = "\\{[a-z_]+}$";

    boolean hasParameter() {
        return path.endsWith("}");
    }

    /** The name of the parameter. */
    String parameter() {
        return path.substring(path.lastIndexOf('{') + 1, path.length() - 1);
    }

    /** What the parameter is in a path of this route; empty for a path of another. */
    Optional<String> match(String given) {
        if (!hasParameter()) {
            return given.equals(path) ? Optional.of("") : Optional.empty();
        }
        String prefix = path.replaceFirst(PARAMETER, "");
        return given.startsWith(prefix) ? Optional.of(given.substring(prefix.length())) : Optional.empty();
    }

    /** Of few: the name of the request's span. */
    String operation() {
        return method + " " + path.replaceFirst("/" + PARAMETER, "");
    }
}
