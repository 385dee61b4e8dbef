package dev.baton.worker;

import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.control.Phase;
import dev.baton.explorer.KvModel;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.TicketOffer;
import java.util.function.Consumer;

/** A prompt on a prefill worker, as {@code PrefillSequence} has it. */
final class VirtualPrefill extends VirtualSequence {
    private final PrefillJob job;
    private final LaneProducer handoffs;
    private final KvModel.Offer offer;
    private boolean handedOff;
    /** Its blocks wait for who asks for them. */
    private boolean holds;

    VirtualPrefill(Parts parts, PrefillJob job, LaneProducer handoffs, Consumer<AttemptKey> whenEnded) {
        super(parts, job.getGeneration(), whenEnded);
        this.job = job;
        this.handoffs = handoffs;
        this.offer = parts.kv().offer(key, parts.self().ref(), this::sent);
        this.missing = KnownTokens.count(generation);
    }

    @Override
    public void starts() {
        if (!isOver()) {
            frames().sendNow(
                            progress.gateway(),
                            progress.started(
                                    timing().setComputeStartedUs(frames().micros())
                                            .build(),
                                    null,
                                    0));
        }
    }

    @Override
    public boolean step() {
        if (isOver() || holds) {
            return true;
        }
        if (late()) {
            fails(failure(Failure.Code.DEADLINE_EXCEEDED, "its deadline has passed"));
            return true;
        }
        if (missing <= CHUNK && !handedOff && most() > progress.base() + 1 && !wholeAlready()) {
            handedOff = true;
            parts.claims().claim(generation, Phase.HANDED_OFF, holds -> {
                if (holds) {
                    publish();
                } else {
                    giveUp(failure(Failure.Code.SUPERSEDED, "the handoff could not be claimed"));
                }
            });
        }
        if (chunk()) {
            return false;
        }
        if (wholeAlready()) {
            finishes(0, Finish.Reason.STOP);
            return true;
        }
        int token = token();
        frames().add(
                        progress.gateway(),
                        progress.token(progress.base(), token, null)
                                .setTiming(timing().setHandoffSentUs(frames().micros())
                                        .setFirstTokenUs(frames().micros()))
                                .build());
        Finish.Reason end = ends(token, progress.base());
        if (end != null) {
            finishes(1, end);
        } else {
            holds = true;
            offer.complete(token);
            parts.engine().end(this);
        }
        return true;
    }

    private void publish() {
        Handoff handoff = Handoff.newBuilder()
                .setGeneration(job.getGeneration())
                .setWorker(job.getDecode())
                .setTicket(TicketOffer.newBuilder()
                        .setSource(parts.self().ref())
                        .setHost(parts.self().id())
                        .setTokens(KnownTokens.count(generation)))
                .build();
        handoffs.send(job.getDecodeLane(), handoff).whenComplete((sent, error) -> {
            if (error != null) {
                giveUp(failure(Failure.Code.TRANSFER_FAILED, "the handoff did not reach Kafka"));
            }
        });
    }

    private void giveUp(Failure failure) {
        parts.engine().thread().execute(() -> fails(failure));
    }

    private void finishes(int made, Finish.Reason reason) {
        if (over()) {
            frames().add(progress.gateway(), progress.finished(progress.base() + made, reason));
            parts.engine().end(this);
            offer.close();
        }
    }

    @Override
    void fails(Failure failure) {
        if (over()) {
            frames().add(progress.gateway(), progress.failed(progress.base(), failure));
            parts.engine().end(this);
        }
        offer.close();
    }

    /** The offer is over. */
    private void sent() {
        if (holds) {
            over();
        }
        whenEnded.accept(key);
        frames().handedOver(key);
    }
}
