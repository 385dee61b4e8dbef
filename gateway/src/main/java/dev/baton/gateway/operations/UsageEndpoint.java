package dev.baton.gateway.operations;

import dev.baton.gateway.dispatch.RequestViews;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/usage}: what this process has answered since its start, by tenant and model. Bills come from Kafka. */
@Endpoint(id = "usage")
public class UsageEndpoint {
    private final RequestViews requests;

    UsageEndpoint(RequestViews requests) {
        this.requests = requests;
    }

    /** Tokens of the requests that made one at least. */
    public record Usage(
            String tenant, String model, long requests, long promptTokens, long cachedTokens, long completionTokens) {}

    @ReadOperation
    public Map<String, List<Usage>> usage() {
        return Map.of(
                "usage",
                requests.sums().entrySet().stream()
                        .map(entry -> new Usage(
                                entry.getKey().tenant(),
                                entry.getKey().model(),
                                entry.getValue().requests(),
                                entry.getValue().promptTokens(),
                                entry.getValue().cachedTokens(),
                                entry.getValue().completionTokens()))
                        .sorted(Comparator.comparing(Usage::tenant).thenComparing(Usage::model))
                        .toList());
    }
}
