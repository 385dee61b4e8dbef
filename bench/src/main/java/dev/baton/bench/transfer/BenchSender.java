package dev.baton.bench.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** The sending process: a pool full of bytes, offered whole by name and under one request per round. Ends with its stdin. */
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
                one.digests() == BenchCase.Digests.STORED ? stored(one, pool) : NamedBlocks.NONE)) {
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

    /** The whole pool, with its digests beside it. */
    private static NamedBlocks stored(BenchCase one, SharedPool pool) {
        KvDigester digester = new KvDigester(one.layout());
        List<List<KvDigest>> digests = IntStream.of(one.blocks())
                .mapToObj(block ->
                        digester.ofBlock(pool.region(), block, 0, one.layout().blockTokens()))
                .toList();
        return names -> CompletableFuture.completedFuture(new NamedBlocks.Held() {
            @Override
            public int[] blocks() {
                return one.blocks();
            }

            @Override
            public Optional<KvDigest> digest(int block, int layer) {
                return Optional.of(digests.get(block).get(layer));
            }

            @Override
            public void letGo() {}
        });
    }

    static PrintStream stdout() {
        return new PrintStream(System.out, true, StandardCharsets.UTF_8);
    }
}
