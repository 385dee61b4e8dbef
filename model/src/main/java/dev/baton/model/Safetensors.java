package dev.baton.model;

import static dev.baton.model.SafetensorsHeader.broken;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.baton.kernel.WeightType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The safetensors format: a little-endian u64 length, that many bytes of JSON, then the data. The header is foreign
 * input: nothing in it is believed before it is checked against the file.
 */
public final class Safetensors {
    static final long MAX_HEADER = 32 << 20;

    private Safetensors() {}

    /** A tensor where it lies in the mapped file. */
    public record Tensor(String name, WeightType type, long[] shape, MemorySegment data) implements StoredTensor {
        @Override
        public boolean liesSo() {
            return true;
        }

        @Override
        public MemorySegment rows(long first, long count, SegmentAllocator scratch) {
            long rowBytes = columns() * type.bytes();
            return data.asSlice(first * rowBytes, count * rowBytes);
        }

        @Override
        public void widenRow(long row, MemorySegment to) {
            for (long i = 0; i < columns(); i++) {
                to.setAtIndex(JAVA_FLOAT, i, StoredTensor.element(type, data, row * columns() + i));
            }
        }
    }

    /**
     * What a file holds.
     *
     * @param tensors those of a type that is read
     * @param others all others
     */
    record Contents(Map<String, Tensor> tensors, Map<String, Raw> others) {}

    /** A tensor of a type that is not read by itself. */
    record Raw(String dtype, long[] shape, MemorySegment data) {}

    /** Maps a file read-only for as long as the arena lives. */
    static Contents map(Path file, Arena arena) throws IOException {
        // A named pipe would be opened, and waited for, forever.
        if (!Files.isRegularFile(file)) {
            throw new IOException("%s is missing or no file".formatted(file));
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return parse(
                    file.getFileName().toString(),
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        }
    }

    static Contents parse(String file, MemorySegment bytes) throws IOException {
        if (bytes.byteSize() < 8) {
            throw broken(file, "it ends before its header");
        }
        long length = bytes.get(JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 2 || length > MAX_HEADER || length > bytes.byteSize() - 8) {
            throw broken(
                    file,
                    "a header of %d bytes in a file of %d (at most %d are read)"
                            .formatted(length, bytes.byteSize(), MAX_HEADER));
        }
        MemorySegment data = bytes.asSlice(8 + length);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, Raw> others = new LinkedHashMap<>();
        SafetensorsHeader.read(file, bytes.asSlice(8, length), data.byteSize()).forEach((name, entry) -> {
            WeightType type = entry.type();
            MemorySegment own = data.asSlice(entry.from(), entry.to() - entry.from());
            if (type == null) {
                others.put(name, new Raw(entry.dtype(), entry.shape(), own));
            } else {
                tensors.put(name, new Tensor(name, type, entry.shape(), own));
            }
        });
        return new Contents(tensors, others);
    }
}
