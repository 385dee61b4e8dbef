package dev.baton.gateway.resume;

import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One reader of one choice's log: hands it on to a sink as if the sink's own generation had just made it. */
final class LogReader implements RequestHandle {
    private static final Logger LOG = LoggerFactory.getLogger(LogReader.class);

    private final KeptAnswer answer;
    private final int choice;
    private final TokenSink sink;
    private final boolean client;
    private final AtomicReference<Presence> presence = new AtomicReference<>(Presence.NEW);
    private ChoiceLog.Mark mark = ChoiceLog.Mark.NOTHING;

    private enum Presence {
        NEW,
        READS,
        LEFT
    }

    LogReader(KeptAnswer answer, int choice, TokenSink sink, boolean client) {
        this.client = client;
        this.answer = answer;
        this.choice = choice;
        this.sink = sink;
    }

    /** How far it is. Guarded by the log. */
    ChoiceLog.Mark mark() {
        return mark;
    }

    void mark(ChoiceLog.Mark to) {
        mark = to;
    }

    boolean left() {
        return presence.get() == Presence.LEFT;
    }

    void take(ChoiceLog.Piece piece) {
        if (piece.admitted()) {
            sink.admitted();
        }
        if (piece.cached() >= 0) {
            sink.cached(piece.cached());
        }
        List<TokenLogprob> logprobs = piece.logprobs();
        for (int i = 0; i < piece.tokens().size() && !left(); i++) {
            sink.token(piece.first() + i, piece.tokens().at(i), logprobs.isEmpty() ? null : logprobs.get(i));
        }
        if (piece.end() == null || left()) {
            return;
        }
        switch (piece.end()) {
            case ChoiceEnd.Finished(var reason) -> sink.finished(reason);
            case ChoiceEnd.Failed(var failure) -> sink.failed(failure);
            case ChoiceEnd.Rejected(var rejection) -> sink.rejected(rejection);
            case ChoiceEnd.Stopped _ -> {} // it has found that in the text
        }
    }

    @Override
    public void start() {
        if (presence.compareAndSet(Presence.NEW, Presence.READS)) {
            if (client) {
                answer.readerCame();
            }
            answer.log(choice).attach(this);
        }
    }

    /** This client leaves; the answer goes on. */
    @Override
    public void cancel() {
        leave();
    }

    @Override
    public void handedOver() {
        leave();
    }

    /** A text to cut at was found: that is the end of the answer, for all. */
    @Override
    public void complete() {
        leave();
        answer.stopped(choice);
    }

    /** It threw: its client gets an error, if it can take one, and the others do not notice. */
    void broke() {
        boolean reads = !left();
        leave();
        if (reads) {
            try {
                sink.failed(Failure.newBuilder()
                        .setCode(Failure.Code.ENGINE_FAILED)
                        .setMessage("the gateway could not go on with this stream; its log has the details")
                        .build());
            } catch (RuntimeException e) {
                LOG.debug("nor does it take the error", e);
            }
        }
    }

    private void leave() {
        if (presence.getAndSet(Presence.LEFT) == Presence.READS && client) {
            answer.readerLeft();
        }
    }

    @Override
    public TtftBreakdown timing() {
        return answer.timing(choice);
    }
}
