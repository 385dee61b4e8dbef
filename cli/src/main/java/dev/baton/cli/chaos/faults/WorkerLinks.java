package dev.baton.cli.chaos.faults;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.stack.Ports;
import dev.baton.stack.proxy.FaultProxy;
import dev.baton.stack.proxy.FramedFlips;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Proxies before the token stream and the KV sessions of each worker, which advertises their ports as its own. */
final class WorkerLinks implements AutoCloseable {
    private static final int PORTS_EACH = 4;

    private final Map<String, Link> byWorker = new LinkedHashMap<>();
    private final FramedFlips flips;

    /** @param tokenPort where the worker itself listens; {@code kvPort} likewise */
    private record Link(FaultProxy tokens, int tokenPort, FaultProxy kv, int kvPort) {}

    private WorkerLinks(FramedFlips flips) {
        this.flips = flips;
    }

    static WorkerLinks before(List<String> workers, long seed) throws IOException {
        WorkerLinks links = new WorkerLinks(new FramedFlips(WorkerLinks::kv, new Random(seed)));
        List<Integer> ports = Ports.lasting(PORTS_EACH * workers.size());
        try {
            for (int i = 0; i < workers.size(); i++) {
                List<Integer> its = ports.subList(PORTS_EACH * i, PORTS_EACH * (i + 1));
                FaultProxy tokens = new FaultProxy(its.get(0), its.get(1), null, seed + i);
                try {
                    FaultProxy kv = new FaultProxy(its.get(2), its.get(3), links.flips, seed - i);
                    links.byWorker.put(workers.get(i), new Link(tokens, its.get(1), kv, its.get(3)));
                } catch (IOException e) {
                    tokens.close();
                    throw e;
                }
            }
            return links;
        } catch (IOException e) {
            links.close();
            throw e;
        }
    }

    /** The KV behind an announcement. Where the peers map each other's memory there is none. */
    private static FramedFlips.Payload kv(byte[] message) throws InvalidProtocolBufferException {
        KvMessage parsed = KvMessage.parseFrom(message);
        KvLayerDone done = parsed.getLayerDone();
        return parsed.hasLayerDone()
                ? new FramedFlips.Payload(Math.toIntExact(done.getPayloadBytes()), done.getTicket())
                : FramedFlips.Payload.NONE;
    }

    List<String> settings(String worker) {
        Link link = byWorker.get(worker);
        return link == null
                ? List.of()
                : List.of(
                        "--baton.worker.token-port=" + link.tokenPort(),
                        "--baton.worker.advertised-token-port=" + link.tokens().port(),
                        "--baton.worker.kv-port=" + link.kvPort(),
                        "--baton.worker.advertised-kv-port=" + link.kv().port());
    }

    Collection<FaultProxy> tokens() {
        return byWorker.values().stream().map(Link::tokens).toList();
    }

    Collection<FaultProxy> kv() {
        return byWorker.values().stream().map(Link::kv).toList();
    }

    /** Of all KV that moves over TCP. */
    FramedFlips flips() {
        return flips;
    }

    @Override
    public void close() {
        tokens().forEach(FaultProxy::close);
        kv().forEach(FaultProxy::close);
    }
}
