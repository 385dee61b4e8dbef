package dev.baton.bench.engine;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Models;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A process of its own that says how much anonymous memory opening a folder takes, beyond what the process takes with
 * the demo model open: {@code before}, {@code peak}, {@code steady} and {@code copied} (steady plus a touched tenth of
 * the checkpoint, which proves that a copy would be seen), in bytes.
 *
 * <pre>LoadedMemory demo-folder folder</pre>
 */
final class LoadedMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int CHUNK = 128;

    private LoadedMemory() {}

    static void main(String... arguments) throws IOException, InterruptedException {
        Path demo = Path.of(arguments[0]);
        Path folder = Path.of(arguments[1]);
        try (OpenModel warm = open(demo);
                Arena arena = Arena.ofShared()) {
            run(warm, folder);
            long before = settled();
            AtomicLong peak = new AtomicLong(before);
            Thread watcher = Thread.ofPlatform().daemon().start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    peak.accumulateAndGet(anonymous(), Math::max);
                }
            });
            try (OpenModel model = open(folder)) {
                run(model, folder);
                watcher.interrupt();
                watcher.join();
                long steady = settled();
                MemorySegment copy = arena.allocate(Files.size(folder.resolve("model.safetensors")) / 10);
                copy.fill((byte) 1);
                System.out.printf("memory %d %d %d %d%n", before, peak.get(), steady, settled());
            }
        }
    }

    private static OpenModel open(Path folder) throws IOException {
        return Models.open(new ModelSettings(folder, "m", DtypeChoice.AUTO, 2, 64), (done, of) -> {});
    }

    /** A chunk of a prompt and one token, as in service; the KV lies in a file, as a worker's does. */
    private static void run(OpenModel model, Path folder) throws IOException {
        KvLayout layout = model.layout(CHUNK / 64 + 1);
        Path file = folder.resolveSibling(folder.getFileName() + ".kv");
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(
                        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
                ModelRunner runner = model.bind(
                        new KvRegion(layout, channel.map(FileChannel.MapMode.READ_WRITE, 0, layout.bytes(), arena)))) {
            int[] blocks = {0, 1, 2};
            runner.forward(List.of(new Slice(new int[CHUNK], 0, blocks, true)), layer -> {});
            runner.forward(List.of(new Slice(new int[1], CHUNK, blocks, true)), layer -> {});
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static long settled() {
        System.gc();
        return anonymous();
    }

    private static long anonymous() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
