package dev.baton.bench.transfer;

import dev.baton.transfer.KvExchange;
import dev.baton.transfer.NamedBlocks;
import dev.baton.transfer.OutgoingTransfer;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The sending process: a pool full of bytes, offered whole under one request per round. Ends with its stdin. */
final class BenchSender {
    private BenchSender() {}

    static void run(BenchCase one, Path folder, PrintStream out) throws Exception {
        try (SharedPool pool = SharedPool.create(folder, one.identity("bench-sender"))) {
            MemorySegment bytes = pool.region().segment();
            for (long at = 0; at < bytes.byteSize(); at += Long.BYTES) {
                bytes.set(ValueLayout.JAVA_LONG, at, at * 0x9E3779B97F4A7C15L);
            }
            serve(one, pool, out);
        }
    }

    private static void serve(BenchCase one, SharedPool pool, PrintStream out) throws Exception {
        try (KvExchange exchange = new KvExchange(
                pool,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                one.settings(),
                TransferListener.NONE,
                TimeSource.system(),
                NamedBlocks.NONE)) {
            List<OutgoingTransfer.Prompt> outbounds = new ArrayList<>();
            for (int round = 0; round < one.rounds(); round++) {
                OutgoingTransfer.Prompt outbound = exchange.offer(one.key(round), one.tokens());
                outbound.blocks(one.blocks(), one.tokens());
                outbound.completed(0, TimeSource.system().epochMicros());
                outbounds.add(outbound);
            }
            out.println("port " + exchange.port());
            out.println("pool " + pool.path());
            out.flush();
            while (System.in.read() >= 0) {
                // The parent closes our stdin, or dies, when it has measured.
            }
            outbounds.forEach(OutgoingTransfer.Prompt::close);
        }
    }

    static PrintStream stdout() {
        return new PrintStream(System.out, true, StandardCharsets.UTF_8);
    }
}
