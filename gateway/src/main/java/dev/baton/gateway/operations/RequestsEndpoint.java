package dev.baton.gateway.operations;

import dev.baton.gateway.dispatch.RequestView;
import dev.baton.gateway.dispatch.RequestViews;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import reactor.core.publisher.Mono;

/** {@code /actuator/requests}: requests that run and those that ended lately; of one, where the time to its first token went. */
@Endpoint(id = "requests")
public class RequestsEndpoint {
    /** A loop that does not answer within this hangs, and liveness says so. */
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private final RequestViews requests;

    RequestsEndpoint(RequestViews requests) {
        this.requests = requests;
    }

    /** @param recent newest first */
    public record RequestList(List<RequestView> running, List<RequestView> recent) {}

    @ReadOperation
    public Mono<RequestList> requests() {
        return Mono.fromCompletionStage(requests::running)
                .timeout(LIMIT)
                .map(running -> new RequestList(running, requests.recent()));
    }

    @ReadOperation
    public Mono<WebEndpointResponse<Object>> request(@Selector String id) {
        return Mono.fromCompletionStage(() -> requests.find(id))
                .timeout(LIMIT)
                .map(found -> found.map(view -> Answers.of((Object) view))
                        .orElseGet(() -> Answers.problem(
                                HttpStatus.NOT_FOUND,
                                "No such request runs here or is among the last that ended here; other gateways have"
                                        + " their own.")));
    }
}
