package dev.baton.cli.bench;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns bits over in the KV of pool files, behind their owners' backs: the fault that digests are there to find.
 *
 * @param folder where the pools lie
 * @param layers of the model; {@code blocks} of each pool
 */
public record PoolFlips(Path folder, int layers, int blocks) {
    /** In the header of a pool file: the first byte of the KV, and how many there are. */
    private static final int KV_OFFSET_AT = 40;

    /** Of the pools of a model in a folder. */
    public static PoolFlips of(Path folder, Path model, int blocks) {
        return new PoolFlips(folder, layers(model), blocks);
    }

    /** What the model's folder says. */
    public static int layers(Path model) {
        try {
            return JsonMapper.shared()
                    .readTree(Files.readAllBytes(model.resolve("config.json")))
                    .path("num_hidden_layers")
                    .asInt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Flips one to three bits in one layer of so great a share of the blocks, in all pools. Returns how many blocks. */
    public int flip(RandomGenerator random, double share) {
        return files("").stream().mapToInt(file -> flip(file, random, share)).sum();
    }

    /** The same in the pools of one worker. */
    int flipOf(String worker, RandomGenerator random) {
        return files(worker).stream().mapToInt(file -> flip(file, random, 1)).sum();
    }

    private List<Path> files(String worker) {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> pools = files.filter(
                            file -> file.getFileName().toString().endsWith(".pool"))
                    .filter(file -> file.getFileName().toString().contains(worker))
                    .toList();
            if (pools.isEmpty()) {
                throw new CliException("no pool of " + worker + " in " + folder + ": nothing was flipped");
            }
            return pools;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int flip(Path file, RandomGenerator random, double share) {
        try (FileChannel pool = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
            pool.read(header, KV_OFFSET_AT);
            long offset = header.getLong(0);
            long blockBytes = header.getLong(8) / layers / blocks;
            int flipped = 0;
            for (int block = 0; block < blocks; block++) {
                if (random.nextDouble() < share) {
                    long start = offset + (random.nextInt(layers) * (long) blocks + block) * blockBytes;
                    for (int bits = random.nextInt(1, 4); bits > 0; bits--) {
                        flipBit(pool, start + random.nextLong(blockBytes), random.nextInt(8));
                    }
                    flipped++;
                }
            }
            return flipped;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot flip bits in " + file, e);
        }
    }

    private static void flipBit(FileChannel pool, long at, int bit) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        pool.read(one, at);
        one.put(0, (byte) (one.get(0) ^ 1 << bit)).rewind();
        pool.write(one, at);
    }
}
