package dev.baton.cluster.directory;

import dev.baton.kv.BlockHash;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.ClassPathResource;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import reactor.core.publisher.Mono;

/**
 * Block hash → holder and epoch, with a TTL as its lease. The keys of a chain carry the model and the chain's first
 * block as hash tag, so that a whole chain is one slot and one MGET, on a cluster too. The last holder to register a
 * block is the one named.
 */
public final class RedisKvDirectory {
    private static final RedisScript<Long> REGISTER = script("register");
    private static final RedisScript<Long> REMOVE = script("remove");

    private final ReactiveStringRedisTemplate redis;
    private final ClusterNames names;
    private final String model;
    private final Duration lease;
    private final Duration timeout;

    /**
     * @param modelFingerprint blocks of different models never mix
     * @param lease an entry not registered again within this ends
     * @param timeout after which a call fails
     */
    public RedisKvDirectory(
            ReactiveStringRedisTemplate redis,
            ClusterNames names,
            long modelFingerprint,
            Duration lease,
            Duration timeout) {
        this.redis = redis;
        this.names = names;
        this.model = HexFormat.of().toHexDigits(modelFingerprint);
        this.lease = lease;
        this.timeout = timeout;
    }

    /** How long an entry lasts that is not registered again. */
    public Duration lease() {
        return lease;
    }

    /**
     * Names the holder of blocks of a chain; again before the lease ends to renew.
     *
     * @param first the chain's first block, which the keys carry
     */
    public CompletionStage<Long> register(BlockHash first, List<BlockHash> blocks, WorkerRef holder) {
        if (blocks.isEmpty()) {
            return CompletableFuture.completedFuture(0L);
        }
        return answer(
                redis.execute(REGISTER, keys(first, blocks), List.of(value(holder), Long.toString(lease.toMillis())))
                        .single());
    }

    /**
     * Takes the entries of a chain's blocks back where they still name this holder.
     *
     * @param first the chain's first block, which the keys carry
     */
    public CompletionStage<Long> remove(BlockHash first, List<BlockHash> blocks, WorkerRef holder) {
        if (blocks.isEmpty()) {
            return CompletableFuture.completedFuture(0L);
        }
        return answer(redis.execute(REMOVE, keys(first, blocks), List.of(value(holder)))
                .single());
    }

    /** The holders of the chain's leading blocks, in order, up to the first block that no worker holds. */
    public CompletionStage<List<WorkerRef>> holders(List<BlockHash> chain) {
        if (chain.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return answer(
                redis.opsForValue().multiGet(keys(chain.getFirst(), chain)).map(RedisKvDirectory::leading));
    }

    private static List<WorkerRef> leading(List<@Nullable String> values) {
        List<WorkerRef> holders = new ArrayList<>();
        for (String value : values) {
            if (value == null) {
                break;
            }
            int bar = value.lastIndexOf('|');
            holders.add(WorkerRef.newBuilder()
                    .setId(value.substring(0, bar))
                    .setEpoch(HexFormat.fromHexDigitsToLong(value.substring(bar + 1)))
                    .build());
        }
        return holders;
    }

    private <T> CompletionStage<T> answer(Mono<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        question.timeout(timeout).subscribe(answer::complete, answer::completeExceptionally);
        return answer;
    }

    private List<String> keys(BlockHash first, List<BlockHash> blocks) {
        return blocks.stream().map(block -> key(first, block)).toList();
    }

    private String key(BlockHash first, BlockHash block) {
        return names.key("kv:{" + model + ":" + first + "}:" + block);
    }

    private static String value(WorkerRef holder) {
        return holder.getId() + "|" + HexFormat.of().toHexDigits(holder.getEpoch());
    }

    private static RedisScript<Long> script(String name) {
        return RedisScript.of(new ClassPathResource("dev/baton/cluster/directory/" + name + ".lua"), Long.class);
    }
}
