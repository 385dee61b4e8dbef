package dev.baton.gateway.operations;

import dev.baton.cluster.ledger.Account;
import dev.baton.cluster.ledger.UsageLedger;
import dev.baton.cluster.ledger.Used;
import dev.baton.gateway.dispatch.RequestViews;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import org.springframework.util.MimeType;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * {@code /actuator/usage}: what this process has answered since its start, by tenant and model; {@code /actuator/usage/csv}:
 * what all gateways have, by day, tenant, key and model.
 */
@Endpoint(id = "usage")
public class UsageEndpoint {
    private static final String CSV = "csv";
    private static final MimeType CSV_TYPE = MimeType.valueOf("text/csv;charset=UTF-8");
    private static final String HEADER =
            "day,tenant,key,model,requests,prompt_tokens,cached_tokens,completion_tokens\n";
    private static final int MOST_DAYS = 400;
    private static final int AT_ONCE = 4;

    private final RequestViews requests;
    private final UsageLedger ledger;
    private final Clock clock;

    UsageEndpoint(RequestViews requests, UsageLedger ledger, Clock clock) {
        this.requests = requests;
        this.ledger = ledger;
        this.clock = clock;
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

    /**
     * The ledger.
     *
     * @param form {@code csv}
     * @param from first day, in UTC; null: today
     * @param to last day; null: today
     */
    @ReadOperation
    public Mono<WebEndpointResponse<Object>> ledger(@Selector String form, @Nullable String from, @Nullable String to) {
        if (!form.equals(CSV)) {
            return Mono.just(Answers.problem(HttpStatus.NOT_FOUND, "The ledger comes as usage/csv only."));
        }
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        LocalDate first;
        LocalDate last;
        try {
            first = from == null ? today : LocalDate.parse(from);
            last = to == null ? today : LocalDate.parse(to);
        } catch (DateTimeException e) {
            return Mono.just(Answers.problem(HttpStatus.BAD_REQUEST, "from and to are days such as 2026-11-29."));
        }
        long days = ChronoUnit.DAYS.between(first, last) + 1;
        if (days < 1 || days > MOST_DAYS) {
            return Mono.just(Answers.problem(
                    HttpStatus.BAD_REQUEST, "from must not be after to, nor more than " + MOST_DAYS + " days before."));
        }
        return Flux.fromStream(() -> first.datesUntil(last.plusDays(1)))
                .flatMapSequential(
                        day -> Mono.fromCompletionStage(ledger.read(day)).map(sums -> lines(day, sums)), AT_ONCE)
                .collectList()
                .map(parts -> new WebEndpointResponse<Object>(
                        HEADER + String.join("", parts), HttpStatus.OK.value(), CSV_TYPE))
                .onErrorResume(failure -> Mono.just(Answers.problem(
                        HttpStatus.SERVICE_UNAVAILABLE, "Redis does not give the ledger (spring.data.redis.*).")));
    }

    private static String lines(LocalDate day, Map<Account, Used> sums) {
        StringBuilder lines = new StringBuilder();
        sums.entrySet().stream()
                .sorted(Map.Entry.comparingByKey(Comparator.comparing(Account::tenant)
                        .thenComparing(Account::key)
                        .thenComparing(Account::model)))
                .forEach(entry -> lines.append(String.join(
                                ",",
                                day.toString(),
                                entry.getKey().tenant(),
                                entry.getKey().key(),
                                '"' + entry.getKey().model().replace("\"", "\"\"") + '"',
                                Long.toString(entry.getValue().requests()),
                                Long.toString(entry.getValue().promptTokens()),
                                Long.toString(entry.getValue().cachedTokens()),
                                Long.toString(entry.getValue().completionTokens())))
                        .append('\n'));
        return lines.toString();
    }
}
