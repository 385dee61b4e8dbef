package dev.baton.model;

import static dev.baton.model.SafetensorsHeader.broken;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.baton.kernel.Bf16;
import dev.baton.kernel.WeightType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
    public record Tensor(String name, WeightType type, long[] shape, MemorySegment data) {
        /** The only dimension, or the first of two. */
        long rows() {
            return shape[0];
        }

        long columns() {
            return shape.length == 2 ? shape[1] : 1;
        }

        /** One element, widened to f32. */
        public float element(long index) {
            return switch (type) {
                case BF16 -> Bf16.toFloat(data.get(JAVA_SHORT_UNALIGNED, index * 2));
                case F16 -> Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, index * 2));
                case F32 -> data.get(JAVA_FLOAT_UNALIGNED, index * 4);
                case I8, W8A8 -> throw new IllegalArgumentException("int8 is no stored type");
            };
        }

        /** Writes the elements of a vector in f32, each with {@code plus} added. */
        public void widen(float plus, MemorySegment to) {
            for (long i = 0; i < rows(); i++) {
                to.setAtIndex(JAVA_FLOAT, i, plus + element(i));
            }
        }
    }

    /** Maps a file read-only for as long as the arena lives. */
    static Map<String, Tensor> map(Path file, Arena arena) throws IOException {
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

    static Map<String, Tensor> parse(String file, MemorySegment bytes) throws IOException {
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
        SafetensorsHeader.read(file, bytes.asSlice(8, length), data.byteSize())
                .forEach((name, entry) -> tensors.put(
                        name,
                        new Tensor(
                                name,
                                entry.type(),
                                entry.shape(),
                                data.asSlice(entry.from(), entry.to() - entry.from()))));
        return tensors;
    }
}
