package dev.baton.gateway.openai;

import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.ArrayList;
import java.util.List;
import org.springframework.http.HttpMethod;
import reactor.core.publisher.Mono;

/** All calls that there are: finds the one that a request means, names it to meters and traces, and refuses the rest. */
final class Routes {
    private final List<Route> all = new ArrayList<>();

    List<Route> all() {
        return List.copyOf(all);
    }

    void add(Route route) {
        all.add(route);
    }

    Mono<Void> serve(HttpResponse response, Identity caller, HttpMethod method, String path) {
        List<String> allowed = new ArrayList<>();
        Route named = null;
        for (Route route : all) {
            String parameter = route.match(path).orElse(null);
            if (parameter != null && route.method().equals(method)) {
                response.serves(route.endpoint(), route.operation());
                return Mono.defer(() -> route.handler().handle(response, caller, parameter));
            }
            if (parameter != null) {
                named = route;
                allowed.add(route.method().name());
            }
        }
        String shown = ApiError.shortened(path);
        if (named == null) {
            return Mono.error(new ApiException(ApiError.unknownPath(method.name(), shown)));
        }
        response.serves(named.endpoint(), named.operation());
        return Mono.error(new ApiException(ApiError.methodNotAllowed(method.name(), shown, allowed)));
    }
}
