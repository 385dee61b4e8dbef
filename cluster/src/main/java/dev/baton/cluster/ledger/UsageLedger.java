package dev.baton.cluster.ledger;

import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.protocol.ClusterNames;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** The usage of all gateways, kept in Redis for a while. Calls fail when Redis does not answer in time. Any thread. */
public final class UsageLedger {
    static final int MOST_ENTRIES = 100_000;

    private static final Script WRITE = Script.read(UsageLedger.class, "write.lua");
    private static final Script READ = Script.read(UsageLedger.class, "read.lua");
    private static final int BATCH = 500;

    private final ClusterNames names;
    private final RedisScripts scripts;

    /** @param timeout after which a call fails */
    public UsageLedger(ReactiveStringRedisTemplate redis, ClusterNames names, Duration timeout) {
        this.names = names;
        this.scripts = new RedisScripts(redis, timeout);
    }

    /**
     * Puts sums of a day in the place of those that this life has written before. Completes with how many found no room: a
     * day has at most {@value #MOST_ENTRIES}.
     *
     * @param life of a gateway, unique among all
     * @param keep how long the day is kept from now on
     */
    public CompletionStage<Integer> write(LocalDate day, String life, Map<Account, Used> sums, Duration keep) {
        List<Map.Entry<Account, Used>> all = List.copyOf(sums.entrySet());
        List<CompletableFuture<Integer>> parts = new ArrayList<>();
        for (int from = 0; from < all.size(); from += BATCH) {
            List<String> arguments =
                    new ArrayList<>(List.of(Long.toString(keep.toMillis()), Integer.toString(MOST_ENTRIES)));
            all.subList(from, Math.min(all.size(), from + BATCH)).forEach(entry -> {
                arguments.add(entry.getKey().field(life));
                arguments.add(entry.getValue().text());
            });
            parts.add(scripts.run(WRITE, key(day), arguments.toArray(String[]::new))
                    .thenApply(Integer::valueOf)
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(
                        done -> parts.stream().mapToInt(CompletableFuture::join).sum());
    }

    /** The sums of a day over all gateways. */
    public CompletionStage<Map<Account, Used>> read(LocalDate day) {
        return scripts.run(READ, key(day)).thenApply(text -> {
            Map<Account, Used> sums = new HashMap<>();
            String[] lines = text.split("\n");
            for (int i = 0; i + 1 < lines.length; i += 2) {
                sums.merge(Account.ofField(lines[i]), Used.of(lines[i + 1]), Used::plus);
            }
            return sums;
        });
    }

    private String key(LocalDate day) {
        return names.key("ledger:" + day);
    }
}
