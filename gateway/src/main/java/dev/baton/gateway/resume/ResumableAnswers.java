package dev.baton.gateway.resume;

import dev.baton.cluster.answers.AnswerKey;
import dev.baton.cluster.answers.Created;
import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.answers.StoredAnswer;
import dev.baton.cluster.answers.Takeover;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.StoredRequest;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The resumable answers that this gateway runs or follows: makes them, finds them, and takes over those whose owner's lease has
 * ended.
 */
public final class ResumableAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(ResumableAnswers.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int ID_BYTES = 16;

    /** To begin an answer with a client's key, while others with that key come and go. */
    private static final int TRIES = 3;

    /** Taken over at once by one gateway. */
    private static final int MOST_ORPHANS = 256;

    private final RedisAnswers store;
    private final ServedModel model;
    private final StoredRequests requests;
    private final AnswerRuns runs;
    private final AnswerWriter writer;
    private final Followers followers;
    private final ResumeProperties settings;
    private final Clock clock;
    private final String owner;
    private final Settlement whenTakenOver;
    private final Map<AnswerKey, KeptAnswer> here = new ConcurrentHashMap<>();
    private final Counter takeovers;
    private volatile boolean stopping;

    /**
     * @param owner this gateway in this life
     * @param whenTakenOver hears what an answer took that another gateway began
     */
    ResumableAnswers(
            RedisAnswers store,
            ServedModel model,
            AnswerRuns runs,
            AnswerWriter writer,
            Followers followers,
            ResumeProperties settings,
            Clock clock,
            String owner,
            Settlement whenTakenOver,
            MeterRegistry meters) {
        this.store = store;
        this.model = model;
        this.requests = new StoredRequests(model);
        this.runs = runs;
        this.writer = writer;
        this.followers = followers;
        this.settings = settings;
        this.clock = clock;
        this.owner = owner;
        this.whenTakenOver = whenTakenOver;
        this.takeovers = Counter.builder("baton.resume.takeovers")
                .description("answers of other gateways that went on here")
                .register(meters);
        Gauge.builder("baton.resume.running", this, ResumableAnswers::running)
                .description("resumable answers that this gateway runs")
                .register(meters);
        Gauge.builder("baton.resume.followed", followers, Followers::count)
                .description("resumable answers of other gateways that clients of this one read")
                .register(meters);
        writer.listen(new Fates());
        runs.listen(new Fates());
    }

    /** What became of a request for a resumable answer. */
    public sealed interface Opened {
        /** It is kept here, and can be read. */
        record Answer(KeptHandle handle, boolean mine) implements Opened {}

        /** The tenant's answers take all the bytes that they may. */
        record Full() implements Opened {}
    }

    /** Makes an answer and begins it; or opens the one that the client's key stands for already. Fails when Redis does not answer. */
    public CompletionStage<Opened> create(
            PreparedRequest prepared, String payingKey, String clientKey, Settlement settlement) {
        return create(prepared, payingKey, clientKey, settlement, TRIES);
    }

    private CompletionStage<Opened> create(
            PreparedRequest prepared, String payingKey, String clientKey, Settlement settlement, int tries) {
        byte[] id = new byte[ID_BYTES];
        RANDOM.nextBytes(id);
        String tenant = prepared.generations().getFirst().tenant();
        AnswerKey key = new AnswerKey(tenant, HexFormat.of().formatHex(id));
        Instant deadline = prepared.generations().getFirst().deadline();
        KeptAnswer answer =
                new KeptAnswer(key, payingKey, prepared, StoredRequests.write(prepared, payingKey), deadline, clock);
        OwnedAnswer mine = new OwnedAnswer(key, model.name(), 1);
        return store.create(writer.anew(answer, mine, clientKey, new byte[0]), settings.lease())
                .whenComplete((created, failure) -> {
                    if (failure != null) {
                        writer.forget(mine);
                    }
                })
                .thenCompose(created -> switch (created) {
                    case Created.Mine _ -> {
                        Tenure tenure = answer.own(mine, new byte[0], settlement);
                        here.put(key, answer);
                        runs.begin(answer, tenure);
                        yield CompletableFuture.completedStage(new Opened.Answer(new KeptHandle(answer), true));
                    }
                    case Created.Exists(String other) ->
                        open(tenant, other)
                                .thenCompose(found -> found.<CompletionStage<Opened>>map(known ->
                                                CompletableFuture.completedStage(new Opened.Answer(known, false)))
                                        // It went while it was looked for.
                                        .orElseGet(() -> tries > 1
                                                ? create(prepared, payingKey, clientKey, settlement, tries - 1)
                                                : CompletableFuture.failedStage(new IllegalStateException(
                                                        "answers go as soon as they are found"))));
                    case Created.Full _ -> CompletableFuture.completedStage(new Opened.Full());
                    case Created.Lost _ -> throw new IllegalStateException("a random id was taken");
                });
    }

    /** The answer of this id, unless it is another tenant's. */
    public CompletionStage<Optional<KeptHandle>> open(String tenant, String id) {
        AnswerKey key = new AnswerKey(tenant, id);
        KeptAnswer known = here.computeIfPresent(key, (any, answer) -> read(answer));
        if (known != null) {
            return CompletableFuture.completedStage(Optional.of(new KeptHandle(known)));
        }
        return store.read(key, 0, true, settings.keep()).thenApply(found -> found.map(stored -> opened(key, stored)));
    }

    /** The answer that a client's key stands for. */
    public CompletionStage<Optional<KeptHandle>> openByKey(String tenant, String clientKey) {
        return store.find(tenant, clientKey)
                .thenCompose(id -> id.map(known -> open(tenant, known))
                        .orElseGet(() -> CompletableFuture.completedStage(Optional.empty())));
    }

    private KeptHandle opened(AnswerKey key, StoredAnswer stored) {
        KeptAnswer answer = here.compute(key, (any, known) -> read(known == null ? restored(key, stored) : known));
        answer.follow(stored, 0);
        return new KeptHandle(answer);
    }

    /** In one step with its being here: whoever finds an answer here finds one that somebody feeds. */
    private KeptAnswer read(KeptAnswer answer) {
        answer.expectReader();
        if (answer.owned() == null) {
            followers.follow(answer);
        }
        return answer;
    }

    private KeptAnswer restored(AnswerKey key, StoredAnswer stored) {
        StoredRequest request = StoredRequests.parse(stored.request());
        Instant deadline = clock.instant().plus(stored.left());
        return new KeptAnswer(
                key, request.getKey(), requests.prepared(request, deadline), stored.request(), deadline, clock);
    }

    /** Renews the leases of what runs here, takes over what nobody runs, and ends what nobody reads. */
    void tick() {
        List<OwnedAnswer> mine = owned();
        if (!mine.isEmpty()) {
            store.renew(model.name(), mine, settings.lease()).whenComplete((gone, failure) -> {
                if (gone != null) {
                    gone.forEach(lost -> {
                        KeptAnswer answer = here.get(lost.key());
                        if (answer != null) {
                            writer.missing(answer, lost);
                        }
                    });
                }
            });
        }
        here.values().forEach(this::look);
        if (!stopping) {
            store.orphans(model.name(), MOST_ORPHANS).whenComplete((orphans, failure) -> {
                if (orphans != null) {
                    orphans.forEach(this::takeOver);
                }
            });
        }
    }

    private void look(KeptAnswer answer) {
        Tenure mine = answer.tenure();
        if (mine != null) {
            runs.watchBits(answer);
            cancelIfUnread(answer, mine);
        } else {
            here.computeIfPresent(
                    answer.key(),
                    (any, known) ->
                            known == answer && known.owned() == null && !followers.follows(known) ? null : known);
        }
    }

    private void cancelIfUnread(KeptAnswer answer, Tenure mine) {
        Instant since = answer.unreadSince();
        if (since == null || answer.ended() || clock.instant().isBefore(since.plus(settings.keep()))) {
            return;
        }
        store.isRead(answer.key()).whenComplete((read, failure) -> {
            if (Boolean.FALSE.equals(read) && answer.unreadSince() != null) {
                mine.fail(Failure.newBuilder()
                        .setCode(Failure.Code.CANCELLED)
                        .setMessage("nobody has read the answer for " + settings.keep() + " (baton.resume.keep)")
                        .build());
                writer.changed(answer);
            }
        });
    }

    private void takeOver(OwnedAnswer orphan) {
        KeptAnswer known = here.get(orphan.key());
        if (known != null && orphan.equals(known.owned())) {
            return; // our own, whose renewal is late
        }
        store.take(orphan, owner, settings.lease()).whenComplete((outcome, failure) -> {
            if (outcome instanceof Takeover.Took(OwnedAnswer mine, StoredAnswer stored)) {
                try {
                    took(mine, stored);
                } catch (RuntimeException e) {
                    LOG.error(
                            "answer {} of {} cannot be taken over",
                            mine.key().id(),
                            mine.key().tenant(),
                            e);
                    writer.forget(mine);
                }
            }
        });
    }

    private void took(OwnedAnswer mine, StoredAnswer stored) {
        KeptAnswer known = here.get(mine.key());
        KeptAnswer answer = known == null ? restored(mine.key(), stored) : known;
        Tenure tenure = answer.own(mine, stored.log(), whenTakenOver);
        here.put(mine.key(), answer); // owned, so that nothing drops it
        LOG.info(
                "answer {} of {} goes on here after {} tokens of its first choice",
                mine.key().id(),
                mine.key().tenant(),
                answer.log(0).size());
        takeovers.increment();
        runs.goOn(answer, tenure);
        writer.changed(answer);
    }

    private List<OwnedAnswer> owned() {
        return here.values().stream()
                .map(KeptAnswer::owned)
                .flatMap(mine -> Optional.ofNullable(mine).stream())
                .toList();
    }

    /** Answers that this gateway runs. */
    int running() {
        return owned().size();
    }

    /** Takes nothing over any more. */
    void stopping() {
        stopping = true;
    }

    /** Hears from the writer and from what runs. */
    private final class Fates implements AnswerFates {
        @Override
        public void changed(KeptAnswer answer) {
            writer.changed(answer);
        }

        /** The next gateway that looks goes on with it. */
        @Override
        public void letGo(KeptAnswer answer, Tenure mine) {
            if (mine.equals(answer.tenure())) {
                writer.flush(answer).whenComplete((done, failure) -> store.letGo(model.name(), List.of(mine.as())));
                lost(answer, mine.as());
            }
        }

        @Override
        public void lost(KeptAnswer answer, OwnedAnswer was) {
            if (answer.lose(was)) {
                followers.follow(answer);
            }
        }

        @Override
        public void over(KeptAnswer answer, Tenure mine) {
            answer.settle(mine);
            here.remove(answer.key(), answer);
        }
    }
}
