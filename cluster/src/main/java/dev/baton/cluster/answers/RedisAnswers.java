package dev.baton.cluster.answers;

import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.protocol.ClusterNames;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/**
 * The answers in Redis. All keys of one tenant have one hash tag, and each call is one script for each tenant. Leases stand
 * beside them, those of all answers of a model together, so that every gateway finds the orphans.
 */
public final class RedisAnswers {
    private static final Script CREATE = script("create");
    private static final Script APPEND = script("append");
    private static final Script END = script("end");
    private static final Script TAKE = script("take");
    private static final Script READ = script("read");
    private static final Script RENEW = script("renew");
    private static final Script LEASE = script("lease");
    private static final Script EXPIRED = script("expired");
    private static final Script FIND = script("find");
    private static final Script SEEN = script("seen");

    /** Of one script call. */
    private static final int BATCH = 256;

    /** Bytes of a log that one read gives at most. */
    private static final int MOST_READ = 256 * 1024;

    private final ClusterNames names;
    private final RedisScripts scripts;

    /** @param timeout after which a call fails */
    public RedisAnswers(ReactiveStringRedisTemplate redis, ClusterNames names, Duration timeout) {
        this.names = names;
        this.scripts = new RedisScripts(redis, timeout);
    }

    /**
     * A new answer.
     *
     * @param owner for people
     * @param left until its deadline
     * @param keep how long it is kept after that
     * @param bytes that request and log may come to
     * @param most bytes of all answers of the tenant
     * @param clientKey empty, or what stands for it: another answer with the same one is not made while this is kept
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record NewAnswer(
            OwnedAnswer answer,
            String owner,
            Duration left,
            Duration keep,
            long bytes,
            long most,
            String clientKey,
            byte[] request,
            byte[] log) {}

    /** Makes an answer, unless it is there. Its lease begins at the same time. */
    public CompletionStage<Created> create(NewAnswer wanted, Duration lease) {
        AnswerKey key = wanted.answer().key();
        String clientKey = wanted.clientKey().isEmpty() ? answer(key) : clientKey(key.tenant(), wanted.clientKey());
        byte[][] arguments = {
            bytes(key.id()),
            bytes(Long.toString(wanted.answer().epoch())),
            bytes(wanted.owner()),
            bytes(millis(wanted.left())),
            bytes(millis(wanted.keep())),
            bytes(Long.toString(wanted.bytes())),
            bytes(Long.toString(wanted.most())),
            bytes(prefix(key.tenant())),
            bytes(wanted.clientKey().isEmpty() ? "0" : "1"),
            wanted.request(),
            wanted.log()
        };
        // The lease is sent first: an answer without one would never be missed.
        CompletionStage<String> leased = lease(lease, "", wanted.answer());
        return scripts.run(CREATE, List.of(answer(key), log(key), ends(key), sizes(key), clientKey), arguments)
                .thenCombine(leased, (outcome, done) -> created(text(outcome)))
                .thenCompose(created -> created instanceof Created.Mine
                        ? CompletableFuture.completedStage(created)
                        : forgetLease(wanted.answer()).thenApply(gone -> created));
    }

    private static Created created(String outcome) {
        if (outcome.startsWith("EXISTS ")) {
            return new Created.Exists(outcome.substring("EXISTS ".length()));
        }
        return switch (outcome) {
            case "CREATED", "KNOWN" -> new Created.Mine();
            case "FULL" -> new Created.Full();
            case "LOST" -> new Created.Lost();
            default -> throw new IllegalStateException("Redis answers " + outcome);
        };
    }

    /** Writes to logs: one call for all answers of a tenant. Outcomes are in order; writing the same again is no harm. */
    public CompletionStage<Map<OwnedAnswer, Kept>> append(List<Append> appends) {
        Map<String, List<Append>> byTenant = new LinkedHashMap<>();
        for (Append append : appends) {
            byTenant.computeIfAbsent(append.answer().key().tenant(), tenant -> new ArrayList<>())
                    .add(append);
        }
        Map<OwnedAnswer, Kept> outcomes = new LinkedHashMap<>();
        List<CompletableFuture<?>> parts = new ArrayList<>();
        byTenant.values().forEach(own -> {
            for (int from = 0; from < own.size(); from += BATCH) {
                List<Append> batch = own.subList(from, Math.min(own.size(), from + BATCH));
                parts.add(appendBatch(batch)
                        .thenAccept(letters -> {
                            synchronized (outcomes) {
                                for (int i = 0; i < batch.size(); i++) {
                                    outcomes.put(batch.get(i).answer(), Kept.of(letters.charAt(i)));
                                }
                            }
                        })
                        .toCompletableFuture());
            }
        });
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> outcomes);
    }

    private CompletionStage<String> appendBatch(List<Append> batch) {
        List<String> keys = new ArrayList<>(2 * batch.size());
        byte[][] arguments = new byte[3 * batch.size()][];
        for (int i = 0; i < batch.size(); i++) {
            Append append = batch.get(i);
            keys.add(answer(append.answer().key()));
            keys.add(log(append.answer().key()));
            arguments[3 * i] = bytes(Long.toString(append.answer().epoch()));
            arguments[3 * i + 1] = bytes(Long.toString(append.at()));
            arguments[3 * i + 2] = append.bytes();
        }
        return scripts.run(APPEND, keys, arguments).thenApply(RedisAnswers::text);
    }

    /**
     * The answer is whole, or nothing more will come.
     *
     * @param keep how long it can be read after this; zero forgets it now
     * @param failed the client's key may begin another answer
     */
    public CompletionStage<Kept> end(OwnedAnswer answer, Duration keep, boolean failed) {
        AnswerKey key = answer.key();
        return scripts.run(
                        END,
                        List.of(answer(key), log(key), ends(key), sizes(key)),
                        key.id(),
                        Long.toString(answer.epoch()),
                        millis(keep),
                        failed ? "1" : "0")
                // After it: an answer that has not ended keeps its lease, or nobody would miss it.
                .thenCompose(outcome -> forgetLease(answer).thenApply(gone -> Kept.of(outcome.charAt(0))));
    }

    /** Takes an answer from the owner of this epoch, if it is still that one's. */
    public CompletionStage<Takeover> take(OwnedAnswer from, String owner, Duration lease) {
        AnswerKey key = from.key();
        return scripts.run(TAKE, List.of(answer(key), log(key)), new byte[][] {
                    bytes(Long.toString(from.epoch())), bytes(owner)
                })
                .thenCompose(answer -> {
                    Takeover outcome = taken(answer, from);
                    CompletionStage<String> moved = switch (outcome) {
                        case Takeover.Took took -> lease(lease, from.member(), took.answer());
                        case Takeover.Taken(long epoch) ->
                            lease(lease, from.member(), new OwnedAnswer(key, from.model(), epoch));
                        case Takeover.Over _ -> forgetLease(from);
                    };
                    return moved.thenApply(done -> outcome);
                });
    }

    private static Takeover taken(byte[] answer, OwnedAnswer from) {
        int head = lineEnd(answer);
        String[] words = new String(answer, 0, head, StandardCharsets.UTF_8).split(" ");
        return switch (words[0]) {
            case "TOOK" -> {
                int request = Integer.parseInt(words[2]);
                yield new Takeover.Took(
                        from.next(),
                        new StoredAnswer(
                                from.epoch() + 1,
                                false,
                                Duration.ofMillis(Long.parseLong(words[1])),
                                Arrays.copyOfRange(answer, head + 1, head + 1 + request),
                                Arrays.copyOfRange(answer, head + 1 + request, answer.length)));
            }
            case "TAKEN" -> new Takeover.Taken(Long.parseLong(words[1]));
            default -> new Takeover.Over();
        };
    }

    /**
     * Reads an answer, and leaves a mark that somebody does.
     *
     * @param from in the log
     * @param whole with the request
     * @param keep how long the mark is seen
     * @return empty when this tenant has no such answer
     */
    public CompletionStage<Optional<StoredAnswer>> read(AnswerKey key, long from, boolean whole, Duration keep) {
        byte[][] arguments = {
            bytes(Long.toString(from)),
            bytes(Integer.toString(MOST_READ)),
            bytes(whole ? "1" : "0"),
            bytes(millis(keep))
        };
        return scripts.run(READ, List.of(answer(key), log(key), readers(key)), arguments)
                .thenApply(RedisAnswers::read);
    }

    private static Optional<StoredAnswer> read(byte[] answer) {
        int head = lineEnd(answer);
        String[] words = new String(answer, 0, head, StandardCharsets.UTF_8).split(" ");
        if (words.length < 4) {
            return Optional.empty();
        }
        int request = Integer.parseInt(words[3]);
        return Optional.of(new StoredAnswer(
                Long.parseLong(words[0]),
                words[1].equals("1"),
                Duration.ofMillis(Long.parseLong(words[2])),
                Arrays.copyOfRange(answer, head + 1, head + 1 + request),
                Arrays.copyOfRange(answer, head + 1 + request, answer.length)));
    }

    private static int lineEnd(byte[] answer) {
        for (int i = 0; i < answer.length; i++) {
            if (answer[i] == '\n') {
                return i;
            }
        }
        return answer.length;
    }

    /** Whether another gateway has read it lately. */
    public CompletionStage<Boolean> isRead(AnswerKey key) {
        return scripts.run(SEEN, readers(key)).thenApply("1"::equals);
    }

    /** The answer that a client's key stands for. */
    public CompletionStage<Optional<String>> find(String tenant, String clientKey) {
        return scripts.run(FIND, clientKey(tenant, clientKey), prefix(tenant))
                .thenApply(id -> id.isEmpty() ? Optional.empty() : Optional.of(id));
    }

    /** Renews leases of answers of one model; gives those that are not there: lost to another, or Redis was emptied. */
    public CompletionStage<List<OwnedAnswer>> renew(String model, List<OwnedAnswer> answers, Duration lease) {
        List<OwnedAnswer> gone = new ArrayList<>();
        List<CompletableFuture<?>> parts = new ArrayList<>();
        for (int from = 0; from < answers.size(); from += BATCH) {
            List<String> members = answers.subList(from, Math.min(answers.size(), from + BATCH)).stream()
                    .map(OwnedAnswer::member)
                    .toList();
            parts.add(scripts.run(
                            RENEW,
                            leases(model),
                            Stream.concat(Stream.of(millis(lease)), members.stream())
                                    .toArray(String[]::new))
                    .thenAccept(lines -> {
                        synchronized (gone) {
                            gone.addAll(members(lines, model));
                        }
                    })
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> gone);
    }

    /** Lets go: the next gateway that looks takes them over. */
    public CompletionStage<List<OwnedAnswer>> letGo(String model, List<OwnedAnswer> answers) {
        return renew(model, answers, Duration.ofMillis(-1));
    }

    /** Answers whose owner has not renewed its lease in time. */
    public CompletionStage<List<OwnedAnswer>> orphans(String model, int most) {
        return scripts.run(EXPIRED, leases(model), Integer.toString(most)).thenApply(lines -> members(lines, model));
    }

    private static List<OwnedAnswer> members(String lines, String model) {
        return lines.lines().map(line -> OwnedAnswer.of(line, model)).toList();
    }

    private CompletionStage<String> lease(Duration lease, String from, OwnedAnswer to) {
        return scripts.run(LEASE, leases(to.model()), millis(lease), from, to.member());
    }

    private CompletionStage<String> forgetLease(OwnedAnswer answer) {
        return scripts.run(LEASE, leases(answer.model()), "0", answer.member(), "");
    }

    private String prefix(String tenant) {
        return names.key("answer:{" + tenant + "}:");
    }

    private String answer(AnswerKey key) {
        return prefix(key.tenant()) + key.id();
    }

    private String log(AnswerKey key) {
        return answer(key) + ":log";
    }

    private String readers(AnswerKey key) {
        return answer(key) + ":read";
    }

    private String ends(AnswerKey key) {
        return names.key("answers:{" + key.tenant() + "}:ends");
    }

    private String sizes(AnswerKey key) {
        return names.key("answers:{" + key.tenant() + "}:bytes");
    }

    private String clientKey(String tenant, String clientKey) {
        return names.key("answers:{" + tenant + "}:key:" + clientKey);
    }

    private String leases(String model) {
        return names.key("answers:leases:" + model);
    }

    private static String millis(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Script script(String name) {
        return Script.read(RedisAnswers.class, name + ".lua");
    }
}
