package dev.baton.decode;

import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.transfer.KvReceiver;
import dev.baton.transfer.session.TimeSource;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.Duty;
import dev.baton.worker.WorkerContext;

/** Claims each handoff at once, before blocks are free for it; one that it cannot take it declines. */
final class DecodeDuty implements Duty<Handoff> {
    private final WorkerContext context;
    private final KvReceiver receiver;
    private final ActiveAttempts<DecodeSequence> underWay = new ActiveAttempts<>();

    private DecodeDuty(WorkerContext context, KvReceiver receiver) {
        this.context = context;
        this.receiver = receiver;
    }

    static DecodeDuty begin(WorkerContext context) {
        return new DecodeDuty(
                context,
                new KvReceiver(
                        context.compute().pool(),
                        context.transfers().settings(),
                        context.transfers().listener(),
                        TimeSource.system()));
    }

    @Override
    public Parser<Handoff> parser() {
        return Handoff.parser();
    }

    @Override
    public void take(LaneRecord<Handoff> record) {
        Generation generation = record.value().getGeneration();
        context.reports().claims().take(record, generation, Phase.DECODING, () -> begin(record));
    }

    private void begin(LaneRecord<Handoff> record) {
        underWay.begin(
                AttemptKey.of(record.value().getGeneration()),
                () -> new DecodeSequence(context, receiver, record, underWay::remove));
    }

    @Override
    public void cancel(String requestId, Attempt attempt) {
        underWay.cancel(AttemptKey.of(requestId, attempt));
    }

    @Override
    public int underWay() {
        return underWay.count();
    }

    @Override
    public int kvPort() {
        return 0;
    }

    @Override
    public void close() {
        try {
            receiver.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
