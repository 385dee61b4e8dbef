package dev.baton.engine.model;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.baton.engine.kernel.WeightType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The safetensors format: a little-endian u64 length, that many bytes of JSON, then the data. The header is foreign
 * input: nothing in it is believed before it is checked against the file.
 */
final class Safetensors {
    private static final long MAX_HEADER = 100_000_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private Safetensors() {}

    /** A tensor where it lies in the mapped file. */
    record Tensor(String name, WeightType type, long[] shape, MemorySegment data) {
        /** The only dimension, or the first of two. */
        long rows() {
            return shape[0];
        }

        long columns() {
            return shape.length == 2 ? shape[1] : 1;
        }
    }

    /** Maps a file read-only for as long as the arena lives. */
    static Map<String, Tensor> map(Path file, Arena arena) throws IOException {
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
            throw broken(file, "a header of %d bytes in a file of %d".formatted(length, bytes.byteSize()));
        }
        JsonNode header;
        try {
            header = JSON.readTree(bytes.asSlice(8, length).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
        } catch (JacksonException e) {
            throw broken(file, "its header is not JSON: " + e.getOriginalMessage());
        }
        if (!header.isObject()) {
            throw broken(file, "its header is no object");
        }
        MemorySegment data = bytes.asSlice(8 + length);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (!entry.getKey().equals("__metadata__")) {
                tensors.put(entry.getKey(), tensor(file, entry.getKey(), entry.getValue(), data));
            }
        }
        return tensors;
    }

    private static Tensor tensor(String file, String name, JsonNode node, MemorySegment data) throws IOException {
        JsonNode shape = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!shape.isArray()
                || shape.size() > 8
                || offsets.size() != 2
                || !node.path("dtype").isString()) {
            throw broken(file, "tensor %s has no proper dtype, shape or offsets".formatted(name));
        }
        String dtype = node.path("dtype").asString();
        WeightType type = switch (dtype) {
            case "BF16" -> WeightType.BF16;
            case "F16" -> WeightType.F16;
            case "F32" -> WeightType.F32;
            default ->
                throw new UnsupportedModelException(
                        "%s: tensor %s has dtype %s; supported are BF16, F16, F32".formatted(file, name, dtype));
        };
        long[] sizes = new long[shape.size()];
        long expected = type.bytes();
        try {
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = whole(shape.path(i));
                expected = Math.multiplyExact(expected, sizes[i]);
            }
            long from = whole(offsets.path(0));
            long to = whole(offsets.path(1));
            if (from > to || to > data.byteSize() || to - from != expected) {
                throw broken(
                        file,
                        "tensor %s of %d bytes lies at [%d, %d) of %d"
                                .formatted(name, expected, from, to, data.byteSize()));
            }
            return new Tensor(name, type, sizes, data.asSlice(from, to - from));
        } catch (ArithmeticException e) {
            throw broken(file, "tensor %s has an impossible shape or offset".formatted(name));
        }
    }

    private static long whole(JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.asLong() < 0) {
            throw new ArithmeticException();
        }
        return node.asLong();
    }

    private static IOException broken(String file, String what) {
        return new IOException("%s is not a sound safetensors file: %s".formatted(file, what));
    }
}
