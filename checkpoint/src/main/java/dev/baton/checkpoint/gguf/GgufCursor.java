package dev.baton.checkpoint.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads a header from front to back; what would lie beyond its end, or take more memory than a header may, is refused. */
final class GgufCursor {
    private static final long MAX_HEADER = 256L << 20;
    /** Of all arrays together: vocabularies of 256,000 tokens with their merges have a fifth of it. */
    private static final long MAX_ELEMENTS = 1 << 22;

    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfLong LONG = JAVA_LONG_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfFloat FLOAT = JAVA_FLOAT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfDouble DOUBLE = JAVA_DOUBLE_UNALIGNED.withOrder(ORDER);

    private final String file;
    private final MemorySegment bytes;
    private final long end;
    private long at;
    private long elements;

    /** @param file named in errors */
    GgufCursor(String file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
        this.end = Math.min(bytes.byteSize(), MAX_HEADER);
    }

    long position() {
        return at;
    }

    private long advance(long count) throws IOException {
        if (count > end - at) {
            throw broken(
                    end < bytes.byteSize()
                            ? "its header has more than %d bytes".formatted(MAX_HEADER)
                            : "it ends within its header");
        }
        long from = at;
        at += count;
        return from;
    }

    int i32() throws IOException {
        return bytes.get(INT, advance(4));
    }

    /** A u64 that counts something. */
    long count(String what, long most) throws IOException {
        long value = bytes.get(LONG, advance(8));
        if (value < 0 || value > most) {
            throw broken("%s of %s (at most %d are read)".formatted(what, Long.toUnsignedString(value), most));
        }
        return value;
    }

    String text() throws IOException {
        long length = count("a text", end);
        long from = advance(length);
        return new String(bytes.asSlice(from, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    }

    GgufValue value(String key) throws IOException {
        int type = i32();
        return switch (type) {
            case 8 -> new GgufValue.Text(text());
            case 9 -> array(key);
            case 7 -> new GgufValue.Flag(flag(key));
            case 6 -> new GgufValue.Real(bytes.get(FLOAT, advance(4)));
            case 12 -> new GgufValue.Real(bytes.get(DOUBLE, advance(8)));
            default -> new GgufValue.Whole(whole(key, type));
        };
    }

    private boolean flag(String key) throws IOException {
        byte value = bytes.get(JAVA_BYTE, advance(1));
        if (value != 0 && value != 1) {
            throw broken("%.100s is neither true nor false but %d".formatted(key, value));
        }
        return value == 1;
    }

    private long whole(String key, int type) throws IOException {
        return switch (type) {
            case 0 -> Byte.toUnsignedLong(bytes.get(JAVA_BYTE, advance(1)));
            case 1 -> bytes.get(JAVA_BYTE, advance(1));
            case 2 -> Short.toUnsignedLong(bytes.get(SHORT, advance(2)));
            case 3 -> bytes.get(SHORT, advance(2));
            case 4 -> Integer.toUnsignedLong(bytes.get(INT, advance(4)));
            case 5 -> bytes.get(INT, advance(4));
            case 10 -> count(key, Long.MAX_VALUE);
            case 11 -> bytes.get(LONG, advance(8));
            default -> throw broken("%.100s has a value of type %d, which is not known".formatted(key, type));
        };
    }

    private GgufValue array(String key) throws IOException {
        int type = i32();
        long count = count("%.100s, an array".formatted(key), MAX_ELEMENTS);
        elements += count;
        if (elements > MAX_ELEMENTS) {
            throw broken("its arrays have more than %d elements together".formatted(MAX_ELEMENTS));
        }
        if (type == 8) {
            List<String> texts = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                texts.add(text());
            }
            return new GgufValue.Texts(texts);
        }
        return new GgufValue.Numbers(numbers(key, type, (int) count));
    }

    private double[] numbers(String key, int type, int count) throws IOException {
        if (type == 9) {
            throw broken("%.100s is an array of arrays".formatted(key));
        }
        if (count > end - at) {
            throw broken("it ends within its header");
        }
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = switch (type) {
                case 6 -> bytes.get(FLOAT, advance(4));
                case 12 -> bytes.get(DOUBLE, advance(8));
                case 7 -> flag(key) ? 1 : 0;
                default -> whole(key, type);
            };
        }
        return numbers;
    }

    IOException broken(String what) {
        return GgufFile.broken(file, what);
    }
}
