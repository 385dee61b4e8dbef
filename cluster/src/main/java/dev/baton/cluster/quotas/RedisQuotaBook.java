package dev.baton.cluster.quotas;

import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import dev.baton.control.quota.QuotaKind;
import dev.baton.control.quota.Refusal;
import dev.baton.control.quota.Taken;
import dev.baton.protocol.ClusterNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/**
 * Quotas in Redis: each call is one script, and all keys of a tenant have one hash tag. Time is Redis' own, so clocks of
 * gateways do not matter. Any thread.
 */
public final class RedisQuotaBook implements QuotaBook {
    static final int MOST_OVERRIDES = 1_000;

    private static final Script RESERVE = script("reserve");
    private static final Script SETTLE = script("settle");
    private static final Script RENEW = script("renew");
    private static final Script READ = script("read");
    private static final Script ATTEND = script("attend");
    private static final Script OVERRIDE = script("override");
    private static final Script FORGET = script("forget");
    private static final int BATCH = 500;
    private static final String UNCHANGED = "-";

    private final ClusterNames names;
    private final RedisScripts scripts;

    /** @param timeout after which a call fails */
    public RedisQuotaBook(ReactiveStringRedisTemplate redis, ClusterNames names, Duration timeout) {
        this.names = names;
        this.scripts = new RedisScripts(redis, timeout);
    }

    @Override
    public CompletionStage<Answer> reserve(Reservation reservation) {
        List<String> arguments = new ArrayList<>(List.of(
                reservation.request(),
                Long.toString(reservation.tokens()),
                millis(reservation.lease()),
                millis(reservation.back())));
        for (int i = 0; i < reservation.scopes().size(); i++) {
            Limits limits = reservation.scopes().get(i).limits();
            Taken spent = reservation.spent().get(i);
            arguments.add(Long.toString(limits.requestsPerMinute()));
            arguments.add(Long.toString(limits.tokensPerMinute()));
            arguments.add(Long.toString(limits.concurrent()));
            arguments.add(Double.toString(spent.requests()));
            arguments.add(Double.toString(spent.tokens()));
        }
        List<QuotaScope> scopes =
                reservation.scopes().stream().map(ScopedLimits::scope).toList();
        return scripts.run(RESERVE, keys(scopes), arguments.toArray(String[]::new))
                .thenApply(RedisQuotaBook::answer);
    }

    private static Answer answer(String text) {
        String[] words = text.split(" ");
        List<Taken> taken = new ArrayList<>();
        for (int i = 4; i + 2 < words.length; i += 3) {
            taken.add(taken(words, i));
        }
        Refusal refusal = words[0].equals("1")
                ? null
                : new Refusal(QuotaKind.valueOf(words[1]), Duration.ofMillis(Long.parseLong(words[2])));
        return new Answer(refusal, Integer.parseInt(words[3]), taken);
    }

    private static Taken taken(String[] words, int from) {
        return new Taken(Double.parseDouble(words[from]), Double.parseDouble(words[from + 1]), (long)
                Double.parseDouble(words[from + 2]));
    }

    @Override
    public CompletionStage<Void> settle(String request, List<QuotaScope> scopes, boolean served, long tokens) {
        return scripts.run(SETTLE, keys(scopes), request, Long.toString(tokens), served ? "1" : "0")
                .thenAccept(settled -> {});
    }

    @Override
    public CompletionStage<Void> renew(QuotaScope scope, List<String> requests, Duration lease, boolean anew) {
        List<String> keys = List.of(key(scope, "running"), key(scope, "reserved"));
        return batches(
                requests,
                batch -> scripts.run(
                        RENEW,
                        keys,
                        Stream.concat(Stream.of(millis(lease), anew ? "anew" : "known"), batch.stream())
                                .toArray(String[]::new)));
    }

    @Override
    public CompletionStage<Attendance> attend(String gateway, Duration lease) {
        return scripts.run(ATTEND, List.of(all("gateways"), all("overrides"), all("memory")), gateway, millis(lease))
                .thenApply(RedisQuotaBook::attendance);
    }

    private static Attendance attendance(String text) {
        String[] lines = text.split("\n");
        String[] first = lines[0].split(" ");
        Map<String, TimedChange> overrides = new HashMap<>();
        for (int i = 1; i < lines.length; i++) {
            String[] words = lines[i].split(" ");
            LimitChange change = new LimitChange(limit(words[2]), limit(words[3]), limit(words[4]));
            overrides.put(words[0], new TimedChange(change, Duration.ofMillis(Long.parseLong(words[1]))));
        }
        return new Attendance(
                first[0], Duration.ofMillis(Long.parseLong(first[1])), Integer.parseInt(first[2]), overrides);
    }

    @Override
    public CompletionStage<Taken> read(QuotaScope scope, Limits limits) {
        return scripts.run(
                        READ,
                        List.of(key(scope, "taken"), key(scope, "running")),
                        Long.toString(limits.requestsPerMinute()),
                        Long.toString(limits.tokensPerMinute()))
                .thenApply(text -> taken(text.split(" "), 0));
    }

    @Override
    public CompletionStage<Boolean> override(String tenant, LimitChange change, Duration lasting) {
        String limits = word(change.requestsPerMinute()) + " " + word(change.tokensPerMinute()) + " "
                + word(change.concurrent());
        return scripts.run(
                        OVERRIDE, all("overrides"), tenant, millis(lasting), limits, Integer.toString(MOST_OVERRIDES))
                .thenApply("1"::equals);
    }

    @Override
    public CompletionStage<Void> restore(String tenant) {
        return scripts.run(FORGET, all("overrides"), tenant).thenAccept(ended -> {});
    }

    @Override
    public CompletionStage<Void> forget(List<QuotaScope> scopes) {
        return batches(scopes.stream().map(scope -> key(scope, "taken")).toList(), batch -> scripts.run(FORGET, batch));
    }

    private static CompletionStage<Void> batches(
            List<String> all, Function<List<String>, CompletionStage<String>> run) {
        List<CompletableFuture<String>> parts = new ArrayList<>();
        for (int from = 0; from < all.size(); from += BATCH) {
            parts.add(run.apply(all.subList(from, Math.min(all.size(), from + BATCH)))
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new));
    }

    private List<String> keys(List<QuotaScope> scopes) {
        return scopes.stream()
                .flatMap(scope -> Stream.of("taken", "running", "reserved").map(part -> key(scope, part)))
                .toList();
    }

    private String key(QuotaScope scope, String part) {
        String key = scope.key().isEmpty() ? "" : ":" + scope.key();
        return names.key("quota:{" + scope.tenant() + "}" + key + ":" + part);
    }

    /** Of the cluster; no tenant's name begins with a star. */
    private String all(String part) {
        return names.key("quota:{*}:" + part);
    }

    private static String millis(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    private static String word(@Nullable Long limit) {
        return limit == null ? UNCHANGED : limit.toString();
    }

    private static @Nullable Long limit(String word) {
        return word.equals(UNCHANGED) ? null : Long.valueOf(word);
    }

    private static Script script(String name) {
        return Script.read(RedisQuotaBook.class, name + ".lua");
    }
}
