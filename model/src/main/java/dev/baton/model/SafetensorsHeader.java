package dev.baton.model;

import dev.baton.kernel.WeightType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.util.ByteBufferBackedInputStream;

/**
 * Reads the JSON of a safetensors file token by token: memory grows with the tensors that it proves to hold, not with
 * what a hostile header could be made into.
 */
final class SafetensorsHeader {
    /** Of one file, and of a checkpoint; a mixture of 384 experts in 61 layers has 70,000 matrices. */
    static final int MAX_TENSORS = 1 << 18;

    private static final int MAX_DIMENSIONS = 8;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, WeightType> READ =
            Map.of("BF16", WeightType.BF16, "F16", WeightType.F16, "F32", WeightType.F32);
    /** Of an element of each type of the format: what is not read must still be where it says. */
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("BF16", 16),
            Map.entry("F16", 16),
            Map.entry("F32", 32),
            Map.entry("F64", 64),
            Map.entry("BOOL", 8),
            Map.entry("I8", 8),
            Map.entry("U8", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("I64", 64),
            Map.entry("U64", 64),
            Map.entry("C64", 64),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F8_E4M3FNUZ", 8),
            Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("F4", 4));

    private final String file;
    private final long dataBytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * Where a tensor's bytes lie after the header.
     *
     * @param type null for one that is not read
     */
    record Entry(@Nullable WeightType type, String dtype, long[] shape, long from, long to) {}

    private SafetensorsHeader(String file, long dataBytes) {
        this.file = file;
        this.dataBytes = dataBytes;
    }

    /**
     * Entries in the order of the header, which cover the data without hole or overlap.
     *
     * @param file named in errors
     * @param dataBytes what follows the header
     */
    static Map<String, Entry> read(String file, MemorySegment json, long dataBytes) throws IOException {
        SafetensorsHeader header = new SafetensorsHeader(file, dataBytes);
        // Jackson would guess UTF-16 and a byte order mark too.
        if (json.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0) != '{') {
            throw broken(file, "its header is no object");
        }
        try (JsonParser parser = JSON.createParser(new ByteBufferBackedInputStream(json.asByteBuffer()))) {
            header.entries(parser);
        } catch (JacksonException e) {
            throw broken(file, "its header is not JSON: " + e.getOriginalMessage());
        }
        header.checkCover();
        return header.entries;
    }

    private void entries(JsonParser parser) throws IOException {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw broken(file, "%.100s is no object".formatted(name));
            }
            if (name.equals("__metadata__")) {
                parser.skipChildren();
            } else if (entries.size() == MAX_TENSORS) {
                throw broken(file, "it has more than %d tensors".formatted(MAX_TENSORS));
            } else if (entries.put(name, entry(parser, name)) != null) {
                throw broken(file, "tensor %.100s is there twice".formatted(name));
            }
        }
        if (parser.nextToken() != null) {
            throw broken(file, "something follows its header's object");
        }
    }

    private Entry entry(JsonParser parser, String name) throws IOException {
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (field) {
                case "dtype" -> {
                    requireFirst(dtype, name, field);
                    dtype = value == JsonToken.VALUE_STRING ? parser.getString() : null;
                }
                case "shape" -> {
                    requireFirst(shape, name, field);
                    shape = numbers(parser, name);
                }
                case "data_offsets" -> {
                    requireFirst(offsets, name, field);
                    offsets = numbers(parser, name);
                }
                default -> parser.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw broken(file, "tensor %.100s has no proper dtype, shape or offsets".formatted(name));
        }
        return entry(name, dtype, shape, offsets);
    }

    private Entry entry(String name, String dtype, long[] shape, long[] offsets) throws IOException {
        long bits = bits(name, dtype);
        try {
            for (long size : shape) {
                bits = Math.multiplyExact(bits, size);
            }
        } catch (ArithmeticException e) {
            throw broken(file, "tensor %.100s has an impossible shape".formatted(name));
        }
        long expected = Math.ceilDiv(bits, 8L);
        long from = offsets[0];
        long to = offsets[1];
        if (from > to || to > dataBytes || to - from != expected) {
            throw broken(
                    file,
                    "tensor %.100s of %d bytes lies at [%d, %d) of %d".formatted(name, expected, from, to, dataBytes));
        }
        return new Entry(READ.get(dtype), dtype, shape, from, to);
    }

    private void requireFirst(@Nullable Object earlier, String name, String field) throws IOException {
        if (earlier != null) {
            throw broken(file, "tensor %.100s has %s twice".formatted(name, field));
        }
    }

    private long[] numbers(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw broken(file, "tensor %.100s has no proper dtype, shape or offsets".formatted(name));
        }
        List<Long> numbers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                    || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    || parser.getLongValue() < 0
                    || numbers.size() == MAX_DIMENSIONS) {
                throw broken(file, "tensor %.100s has an impossible shape or offset".formatted(name));
            }
            numbers.add(parser.getLongValue());
        }
        return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    /** The format allows neither holes nor overlaps: bytes that no tensor owns, or two do, are somebody's trick. */
    private void checkCover() throws IOException {
        long at = 0;
        for (Map.Entry<String, Entry> entry : entries.entrySet().stream()
                .sorted(Comparator.comparingLong(
                                (Map.Entry<String, Entry> e) -> e.getValue().from())
                        .thenComparingLong(e -> e.getValue().to()))
                .toList()) {
            if (entry.getValue().from() != at) {
                throw broken(
                        file,
                        "tensor %.100s begins at %d, the one before it ends at %d"
                                .formatted(entry.getKey(), entry.getValue().from(), at));
            }
            at = entry.getValue().to();
        }
        if (at != dataBytes) {
            throw broken(file, "%d of %d bytes belong to no tensor".formatted(dataBytes - at, dataBytes));
        }
    }

    private int bits(String name, String dtype) {
        Integer bits = BITS.get(dtype);
        if (bits == null) {
            throw unsupported(file, name, dtype);
        }
        return bits;
    }

    static UnsupportedModelException unsupported(String file, String name, String dtype) {
        return new UnsupportedModelException(
                "%s: tensor %.100s has dtype %.100s; supported are BF16, F16, F32".formatted(file, name, dtype));
    }

    static IOException broken(String file, String what) {
        return new IOException("%s is not a sound safetensors file: %s".formatted(file, what));
    }
}
