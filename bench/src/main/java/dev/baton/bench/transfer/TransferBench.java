package dev.baton.bench.transfer;

import dev.baton.bench.transfer.BenchCase.Digests;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.FetchRequest;
import dev.baton.transfer.KvExchange;
import dev.baton.transfer.KvRequest;
import dev.baton.transfer.NamedBlocks;
import dev.baton.transfer.PeerAddress;
import dev.baton.transfer.ReceiveOutcome;
import dev.baton.transfer.TicketRequest;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.pool.PeerPool;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * GB/s from a sending process into this one, for each transport, block size and origin of digests, as a share of memcpy between the same two mapped pools, measured before and after each round. Pools are far larger than the caches.
 * Medians over the rounds. Options: {@code --json}, {@code --pool-mib N}, {@code --rounds N}.
 */
public final class TransferBench {
    private static final List<Integer> BLOCK_KIB = List.of(64, 1024);
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MEMCPY = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("memcpy"),
            FunctionDescriptor.of(
                    ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final TimeSource time = TimeSource.system();
    private final Path folder = SharedPool.defaultFolder();

    private TransferBench() {}

    public static void main(String[] args) throws Exception {
        List<String> words = List.of(args);
        PrintStream out = BenchSender.stdout();
        if (!words.isEmpty() && words.getFirst().equals("sender")) {
            BenchSender.run(BenchCase.parse(words.subList(1, words.size())), SharedPool.defaultFolder(), out);
            return;
        }
        boolean json = words.contains("--json");
        int poolMib = option(words, "--pool-mib", 1024);
        int rounds = option(words, "--rounds", 7);
        TransferBench bench = new TransferBench();
        List<Result> results = new ArrayList<>();
        if (!json) {
            out.println("| transport | block | digests | GB/s | memcpy GB/s | share |");
            out.println("|---|---|---|---|---|---|");
        }
        for (KvTransportKind kind : List.of(KvTransportKind.SHARED_MEMORY, KvTransportKind.TCP)) {
            for (int block : BLOCK_KIB) {
                for (Digests digests : Digests.values()) {
                    Result result = bench.measure(new BenchCase(kind, block, digests, poolMib, rounds));
                    results.add(result);
                    if (!json) {
                        out.println(result.row());
                    }
                }
            }
        }
        if (json) {
            out.println(results.stream()
                    .map(Result::json)
                    .collect(java.util.stream.Collectors.joining(",\n  ", "[\n  ", "\n]")));
        }
    }

    private static int option(List<String> words, String name, int otherwise) {
        int at = words.indexOf(name);
        return at < 0 ? otherwise : Integer.parseInt(words.get(at + 1));
    }

    private Result measure(BenchCase one) throws Exception {
        Process sender = start(one);
        try (SharedPool pool = SharedPool.create(folder, one.identity("bench-receiver"));
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(sender.getInputStream(), StandardCharsets.UTF_8))) {
            int port = Integer.parseInt(lines.readLine().substring("port ".length()));
            Path sending = Path.of(lines.readLine().substring("pool ".length()));
            try (KvExchange receiver = new KvExchange(
                            pool,
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                            one.settings(),
                            TransferListener.NONE,
                            time,
                            NamedBlocks.NONE);
                    PeerPool peer =
                            PeerPool.map(sending.toRealPath(), folder.toRealPath(), one.identity("bench-sender"))) {
                double[] moved = new double[one.rounds() - 1];
                double[] copied = new double[one.rounds() - 1];
                for (int round = 0; round < one.rounds(); round++) {
                    double before = memcpy(peer.region(), pool.region());
                    double speed = transfer(receiver, one, round, port);
                    double after = memcpy(peer.region(), pool.region());
                    // The first round opens the session and warms the code.
                    if (round > 0) {
                        moved[round - 1] = speed;
                        copied[round - 1] = (before + after) / 2;
                    }
                }
                return new Result(one, median(moved), median(copied));
            }
        } finally {
            sender.getOutputStream().close();
            if (!sender.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                sender.destroyForcibly();
            }
        }
    }

    private static Process start(BenchCase one) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                TransferBench.class.getName(),
                "sender"));
        command.addAll(one.words());
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private double transfer(KvExchange receiver, BenchCase one, int round, int port) throws Exception {
        ReceiveOutcome outcome =
                receiver.fetch(request(one, round, port)).completion().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return switch (outcome) {
            case ReceiveOutcome.Arrived arrived ->
                (double) arrived.bytes() / arrived.duration().toNanos();
            case ReceiveOutcome.Found found
            when found.blocks() == one.layout().blocks() ->
                (double) found.bytes() / found.duration().toNanos();
            case ReceiveOutcome.Found found ->
                throw new IllegalStateException("%d of %d blocks were found"
                        .formatted(found.blocks(), one.layout().blocks()));
            case ReceiveOutcome.Failed(var failure) ->
                throw new IllegalStateException("%s: %s".formatted(one.name(), failure.getMessage()));
        };
    }

    private static KvRequest request(BenchCase one, int round, int port) {
        var source = new PeerAddress(one.identity("bench-sender").worker(), "127.0.0.1", port);
        return one.digests() == Digests.STORED
                ? new FetchRequest(one.names(), one.reversed(), source, PATIENCE, RequestTags.getDefaultInstance())
                : new TicketRequest(
                        one.key(round),
                        one.tokens(),
                        one.reversed(),
                        source.worker(),
                        source.host(),
                        source.port(),
                        PATIENCE);
    }

    private double memcpy(KvRegion from, KvRegion to) {
        int blocks = from.layout().blocks();
        long start = time.nanos();
        try {
            for (int layer = 0; layer < from.layout().layers(); layer++) {
                for (int block = 0; block < blocks; block++) {
                    MemorySegment target = to.layerBlock(layer, blocks - 1 - block);
                    MemorySegment ignored = (MemorySegment)
                            MEMCPY.invokeExact(target, from.layerBlock(layer, block), target.byteSize());
                }
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        return (double) from.layout().bytes() / (time.nanos() - start);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** Medians, GB/s. */
    private record Result(BenchCase one, double speed, double memcpy) {
        String row() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %d KiB | %s | %.2f | %.2f | %.2f |",
                    one.transport(),
                    one.blockKib(),
                    one.digests(),
                    speed,
                    memcpy,
                    speed / memcpy);
        }

        String json() {
            return String.format(
                    Locale.ROOT,
                    "{\"transport\":\"%s\",\"block_kib\":%d,\"digests\":\"%s\",\"gb_per_s\":%.3f,\"memcpy_gb_per_s\":%.3f}",
                    one.transport(),
                    one.blockKib(),
                    one.digests(),
                    speed,
                    memcpy);
        }
    }
}
