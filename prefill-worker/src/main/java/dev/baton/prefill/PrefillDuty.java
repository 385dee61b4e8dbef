package dev.baton.prefill;

import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneRecord;
import dev.baton.control.Phase;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.transfer.KvSender;
import dev.baton.transfer.session.TimeSource;
import dev.baton.worker.ActiveAttempts;
import dev.baton.worker.Duty;
import dev.baton.worker.WorkerContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Claims each job before any compute; a loser, or one that finds it superseded, expired or cancelled, drops it. */
final class PrefillDuty implements Duty<PrefillJob> {
    private static final Logger LOG = LoggerFactory.getLogger(PrefillDuty.class);

    private final WorkerContext context;
    private final KvSender sender;
    private final ActiveAttempts<PrefillSequence> underWay = new ActiveAttempts<>();

    private PrefillDuty(WorkerContext context, KvSender sender) {
        this.context = context;
        this.sender = sender;
    }

    static PrefillDuty begin(WorkerContext context) throws IOException {
        KvSender sender = new KvSender(
                context.compute().pool(),
                new InetSocketAddress(
                        context.settings().listenAddress(), context.settings().kvPort()),
                context.transfers().settings(),
                context.transfers().listener(),
                TimeSource.system());
        return new PrefillDuty(context, sender.start());
    }

    @Override
    public Parser<PrefillJob> parser() {
        return PrefillJob.parser();
    }

    @Override
    public void take(LaneRecord<PrefillJob> record) {
        Generation generation = record.value().getGeneration();
        context.reports().claims().take(record, generation, Phase.PREFILLING, () -> begin(record));
    }

    private void begin(LaneRecord<PrefillJob> record) {
        underWay.begin(
                AttemptKey.of(record.value().getGeneration()),
                () -> new PrefillSequence(context, sender, record, underWay::remove));
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
        return sender.port();
    }

    @Override
    public void close() {
        try {
            sender.close();
        } catch (IOException e) {
            LOG.warn("KV sessions did not close: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
