package dev.baton.gateway.resume;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.dispatch.Choices;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.protocol.StopTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the generations of the answers that this gateway owns, and feeds their logs. Any thread. */
final class AnswerRuns {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerRuns.class);

    private final Dispatcher dispatcher;
    private final CompletionRunner completions;
    private final ServedModel model;
    private final EdgeMetrics metrics;

    @SuppressWarnings("NullAway.Init") // set by listen
    private AnswerFates fates;

    AnswerRuns(Dispatcher dispatcher, CompletionRunner completions, ServedModel model, EdgeMetrics metrics) {
        this.dispatcher = dispatcher;
        this.completions = completions;
        this.model = model;
        this.metrics = metrics;
    }

    void listen(AnswerFates listener) {
        fates = listener;
    }

    /** A new answer. */
    void begin(KeptAnswer answer, Tenure mine) {
        watchBits(answer);
        watchText(answer);
        Choices together = new Choices(answer.logs().length, answer.prepared().n());
        for (int choice = 0; choice < answer.logs().length; choice++) {
            GenerationRequest request = answer.prepared().generations().get(choice);
            mine.run(
                    choice,
                    dispatcher.prepare(request, together.choice(choice), new Feeding(answer, mine, choice, false)));
        }
    }

    /** One that another gateway began: what was not accepted is computed again. */
    void goOn(KeptAnswer answer, Tenure mine) {
        watchBits(answer);
        watchText(answer);
        for (int choice = 0; choice < answer.logs().length; choice++) {
            goOn(answer, mine, choice);
        }
    }

    private void goOn(KeptAnswer answer, Tenure mine, int choice) {
        ChoiceLog log = answer.log(choice);
        GenerationRequest request = answer.prepared().generations().get(choice);
        endedBy(request, log.accepted()).ifPresent(reason -> mine.feed(choice).end(new ChoiceEnd.Finished(reason)));
        if (log.end() != null) {
            return;
        }
        dispatcher
                .resume(request, log.accepted(), new Feeding(answer, mine, choice, true))
                .whenComplete((handle, failure) -> {
                    if (handle == null) {
                        LOG.info(
                                "request {} cannot be taken over now: {}",
                                request.requestId(),
                                String.valueOf(failure));
                        fates.letGo(answer, mine);
                    } else if (log.end() == null) {
                        mine.run(choice, handle);
                    }
                });
    }

    /** Accepted tokens may be all that there is. */
    private Optional<Finish.Reason> endedBy(GenerationRequest request, TokenIds accepted) {
        StopTokens stops = StopTokens.of(request.stopping(), model.stopTokens());
        if (accepted.size() > 0 && stops.endAt(accepted.size(), accepted.at(accepted.size() - 1))) {
            return Optional.of(Finish.Reason.STOP);
        }
        return accepted.size() >= request.maxTokens() ? Optional.of(Finish.Reason.LENGTH) : Optional.empty();
    }

    /** Where some worker's bits may differ, tokens are stored before anybody gets them. */
    void watchBits(KeptAnswer answer) {
        if (!dispatcher.exact()) {
            answer.hold();
        }
    }

    /** Texts to cut at are found also while no client reads. */
    private void watchText(KeptAnswer answer) {
        if (!answer.prepared().stops().isEmpty()) {
            RequestTrace silent = new RequestTrace(metrics, answer.key().id(), "watch").repeats();
            completions.over(answer::watch).watch(answer.prepared(), silent);
        }
    }

    /** Takes what the dispatcher has of one choice. */
    private final class Feeding implements TokenSink {
        private final KeptAnswer answer;
        private final Tenure mine;
        private final ChoiceLog.Feed feed;
        private final boolean resumed;
        private boolean begun;

        Feeding(KeptAnswer answer, Tenure mine, int choice, boolean resumed) {
            this.answer = answer;
            this.mine = mine;
            this.feed = mine.feed(choice);
            this.resumed = resumed;
        }

        @Override
        public void admitted() {
            begin();
            feed.admitted();
            fates.changed(answer);
        }

        /** Who computes it may not be exact. */
        private void begin() {
            if (!begun) {
                begun = true;
                watchBits(answer);
            }
        }

        @Override
        public void cached(int tokens) {
            feed.cached(tokens);
            fates.changed(answer);
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            begin();
            feed.token(index, token, logprob);
            fates.changed(answer);
        }

        @Override
        public void finished(Finish.Reason reason) {
            feed.end(new ChoiceEnd.Finished(reason));
            fates.changed(answer);
        }

        @Override
        public void failed(Failure failure) {
            switch (failure.getCode()) {
                case SUPERSEDED -> fates.lost(answer, mine.as());
                case SHUTTING_DOWN -> {
                    fates.letGo(answer, mine);
                    answer.dismiss(failure);
                }
                default -> {
                    mine.fail(failure);
                    fates.changed(answer);
                }
            }
        }

        @Override
        public void rejected(Rejection rejection) {
            if (resumed) {
                fates.letGo(answer, mine);
            } else {
                mine.end(new ChoiceEnd.Rejected(rejection));
                fates.changed(answer);
            }
        }
    }
}
