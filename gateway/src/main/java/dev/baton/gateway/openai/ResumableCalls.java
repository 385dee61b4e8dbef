package dev.baton.gateway.openai;

import dev.baton.cluster.ledger.Account;
import dev.baton.cluster.ledger.Used;
import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.ledger.LedgerWriter;
import dev.baton.gateway.quota.TenantQuotas;
import dev.baton.gateway.quota.TenantQuotas.Held;
import dev.baton.gateway.resume.KeptHandle;
import dev.baton.gateway.resume.ResumableAnswers;
import dev.baton.gateway.resume.ResumableAnswers.Opened;
import dev.baton.gateway.resume.Settlement;
import dev.baton.gateway.sse.StreamPosition;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** Requests whose answers outlive their connection: they are begun, found by the client's key, and read again. */
public final class ResumableCalls {
    private static final Logger LOG = LoggerFactory.getLogger(ResumableCalls.class);
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
    private static final Duration SOON = Duration.ofSeconds(1);

    private final ResumableAnswers answers;
    private final CompletionRunner completions;
    private final TenantQuotas quotas;
    private final LedgerWriter ledger;

    public ResumableCalls(
            ResumableAnswers answers, CompletionRunner completions, TenantQuotas quotas, LedgerWriter ledger) {
        this.answers = answers;
        this.completions = completions;
        this.quotas = quotas;
        this.ledger = ledger;
    }

    /** The answer that the client's key stands for; empty without a key, and when it stands for none yet. */
    Mono<KeptHandle> known(Identity caller, String clientKey) {
        return clientKey.isEmpty()
                ? Mono.empty()
                : found(() -> answers.openByKey(caller.tenant(), clientKey)).flatMap(Mono::justOrEmpty);
    }

    /** Begins an answer and sends it. */
    Mono<Void> begin(
            HttpResponse response,
            Identity caller,
            PreparedRequest prepared,
            String clientKey,
            ClientPatience patience) {
        return quotas.hold(
                caller,
                response.trace().requestId(),
                prepared.mostTokens(),
                response::headers,
                place -> begin(response, caller, prepared, clientKey, patience, place));
    }

    private Mono<Void> begin(
            HttpResponse response,
            Identity caller,
            PreparedRequest prepared,
            String clientKey,
            ClientPatience patience,
            Held place) {
        // Whether its client waits or not: what runs has its place, and what does not run gives it back.
        CompletionStage<Opened> created = created(prepared, caller.key(), clientKey, place);
        return found(() -> created).flatMap(opened -> switch (opened) {
            case Opened.Answer(KeptHandle kept, boolean mine) ->
                mine
                        ? send(response, kept, patience, prepared.stream(), null)
                        : again(response, caller, kept, patience);
            case Opened.Full _ ->
                Mono.error(new ApiException(ApiError.overloaded(
                        "The tenant's resumable answers take all the room that they may"
                                + " (baton.resume.tenant-bytes). Ask without resuming, or when some have ended.",
                        SOON)));
        });
    }

    private CompletionStage<Opened> created(PreparedRequest prepared, String key, String clientKey, Held place) {
        CompletionStage<Opened> created;
        try {
            created = answers.create(prepared, key, clientKey, new Charged(place));
        } catch (RuntimeException e) {
            created = CompletableFuture.failedStage(e);
        }
        return created.whenComplete((opened, failure) -> {
            if (!(opened instanceof Opened.Answer(KeptHandle _, boolean mine) && mine)) {
                place.settle(false, 0);
            }
        });
    }

    /** Sends an answer that was begun before, from its start. */
    Mono<Void> again(HttpResponse response, Identity caller, KeptHandle kept, ClientPatience patience) {
        response.trace().repeats();
        return allowed(caller, kept)
                .flatMap(readable -> send(response, readable, patience, readable.prepared().stream(), null));
    }

    /** The key that reads an answer may use its model, like the one that asked for it. */
    private static Mono<KeptHandle> allowed(Identity caller, KeptHandle kept) {
        String model = kept.prepared().model();
        return caller.mayUse(model) ? Mono.just(kept) : Mono.error(new ApiException(ApiError.modelNotAllowed(model)));
    }

    /**
     * Sends the events of an answer that follow a place in it.
     *
     * @param after an event's id; null for the start
     */
    Mono<Void> resume(
            HttpResponse response, Identity caller, String id, @Nullable String after, ClientPatience patience) {
        if (!ID.matcher(id).matches()) {
            return Mono.error(new ApiException(ApiError.streamNotFound()));
        }
        response.trace().repeats();
        return found(() -> answers.open(caller.tenant(), id))
                .flatMap(found -> allowed(caller, found.orElseThrow(() -> new ApiException(ApiError.streamNotFound()))))
                .flatMap(kept -> send(response, kept, patience, true, after));
    }

    private Mono<Void> send(
            HttpResponse response, KeptHandle kept, ClientPatience patience, boolean stream, @Nullable String after) {
        PreparedRequest prepared = kept.prepared();
        response.headers(Map.of("X-Baton-Stream", kept.id()));
        CompletionRunner reading = kept.reading(completions);
        if (!stream) {
            return Mono.using(
                    () -> reading.account(0),
                    account -> reading.collect(prepared, response.trace(), account)
                            .flatMap(answer -> response.json(ResponseBodies.completion(prepared, answer), account)),
                    AnswerBudget.Account::close);
        }
        StreamPosition from = position(after, prepared.choices());
        return Mono.using(
                () -> reading.account(0),
                account -> reading.stream(
                                prepared,
                                response.trace(),
                                account,
                                response.connection(),
                                patience.answer().minus(response.trace().elapsed()),
                                from)
                        .flatMap(events -> response.events(events, patience.silence())),
                AnswerBudget.Account::close);
    }

    private static StreamPosition position(@Nullable String after, int choices) {
        if (after == null) {
            return StreamPosition.start(choices);
        }
        return StreamPosition.parse(after, choices)
                .orElseThrow(() -> new ApiException(ApiError.badRequest(
                        "after",
                        "`after` (or `Last-Event-ID`) must be the id of an event of this stream, which has " + choices
                                + (choices == 1 ? " choice." : " choices."))));
    }

    private static <T> Mono<T> found(Supplier<CompletionStage<T>> question) {
        return Mono.defer(() -> Mono.fromCompletionStage(question.get()))
                .doOnError(
                        gone -> !(gone instanceof ApiException),
                        gone -> LOG.warn("resumable answers cannot be reached", gone))
                .onErrorMap(
                        gone -> !(gone instanceof ApiException),
                        gone -> new ApiException(ApiError.unavailable(
                                "Resumable answers cannot be reached now: Redis does not answer.",
                                "state_unavailable",
                                SOON)));
    }

    /** What a new answer is charged to. */
    private final class Charged implements Settlement {
        private final Held place;

        Charged(Held place) {
            this.place = place;
        }

        @Override
        public void settle(PreparedRequest prepared, String key, boolean served, int cached, long generated) {
            place.settle(served, prepared.promptTokens() + generated);
            if (served) {
                ledger.add(
                        new Account(prepared.generations().getFirst().tenant(), key, prepared.model()),
                        new Used(1, prepared.promptTokens(), cached, generated));
            }
        }

        @Override
        public void handedOver(PreparedRequest prepared, long generated) {
            place.settle(true, prepared.promptTokens() + generated);
        }
    }
}
