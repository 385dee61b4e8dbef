package dev.baton.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Writes a GGUF file again with matrices rounded to groups. */
final class QuantisedGguf {
    private static final int Q4_0 = 2;
    private static final int Q4_1 = 3;
    private static final int Q8_0 = 8;
    private static final int GROUP = 32;
    private static final int ALIGNMENT = 32;

    private final ByteBuffer file;
    private final int data;
    private final ByteArrayOutputStream made = new ByteArrayOutputStream();

    private QuantisedGguf(ByteBuffer file, int data) {
        this.file = file;
        this.data = data;
    }

    /** @param types by the end of a tensor's name, the number of the type that it gets */
    static Path write(Path gguf, Path to, Map<String, Integer> types) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(gguf)).order(ByteOrder.LITTLE_ENDIAN);
        int tensors = (int) file.getLong(8);
        int first = infos(file);
        int end = first;
        for (int i = 0; i < tensors; i++) {
            end = after(file, end);
        }
        int data = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        QuantisedGguf quantised = new QuantisedGguf(file, data);
        for (int i = 0, at = first; i < tensors; i++, at = after(file, at)) {
            String name = name(file, at);
            quantised.tensor(
                    at,
                    types.entrySet().stream()
                            .filter(entry -> name.endsWith(entry.getKey()))
                            .map(Map.Entry::getValue)
                            .findFirst());
        }
        try (OutputStream out = Files.newOutputStream(to)) {
            out.write(file.array(), 0, data);
            quantised.made.writeTo(out);
        }
        return to;
    }

    /** Where the entries of tensors begin: at the first name that only a tensor has. */
    private static int infos(ByteBuffer file) {
        int first = Integer.MAX_VALUE;
        for (String name :
                new String[] {"token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "output.weight"}) {
            byte[] bytes = name.getBytes(UTF_8);
            for (int at = 24; at + 8 + bytes.length < file.capacity(); at++) {
                if (file.getLong(at) == bytes.length && name.equals(name(file, at))) {
                    first = Math.min(first, at);
                    break;
                }
            }
        }
        return first;
    }

    private static String name(ByteBuffer file, int at) {
        return new String(file.array(), at + 8, (int) file.getLong(at), UTF_8);
    }

    private static int dimensions(ByteBuffer file, int at) {
        return at + 8 + (int) file.getLong(at);
    }

    private static int after(ByteBuffer file, int at) {
        int dimensions = dimensions(file, at);
        return dimensions + 4 + file.getInt(dimensions) * 8 + 12;
    }

    private void tensor(int at, Optional<Integer> type) {
        int dimensions = dimensions(file, at);
        int count = file.getInt(dimensions);
        int elements = 1;
        for (int i = 0; i < count; i++) {
            elements *= (int) file.getLong(dimensions + 4 + i * 8);
        }
        int kind = dimensions + 4 + count * 8;
        int from = data + (int) file.getLong(kind + 4);
        boolean wide = file.getInt(kind) == 0;
        file.putLong(kind + 4, made.size());
        if (type.isEmpty()) {
            made.write(file.array(), from, elements * (wide ? 4 : 2));
        } else {
            float[] values = new float[elements];
            for (int i = 0; i < elements; i++) {
                values[i] = wide ? file.getFloat(from + i * 4) : bf16(file.getShort(from + i * 2));
            }
            file.putInt(kind, type.get());
            for (int i = 0; i < elements; i += GROUP) {
                group(values, i, type.get());
            }
        }
        made.writeBytes(new byte[-made.size() & ALIGNMENT - 1]);
    }

    private static float bf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    private void group(float[] values, int first, int type) {
        float top = 0;
        float least = Float.MAX_VALUE;
        float most = -Float.MAX_VALUE;
        for (int i = first; i < first + GROUP; i++) {
            top = Math.max(top, Math.abs(values[i]));
            least = Math.min(least, values[i]);
            most = Math.max(most, values[i]);
        }
        float step = type == Q8_0 ? top / 127 : type == Q4_1 ? (most - least) / 15 : top / 7;
        float zero = type == Q4_1 ? least : 0;
        int plus = type == Q4_0 ? 8 : 0;
        half(step);
        if (type == Q4_1) {
            half(zero);
        }
        int[] q = new int[GROUP];
        for (int i = 0; i < GROUP; i++) {
            q[i] = Math.round((values[first + i] - zero) / step) + plus;
        }
        for (int i = 0; i < (type == Q8_0 ? GROUP : GROUP / 2); i++) {
            made.write(type == Q8_0 ? q[i] : q[i] | q[i + GROUP / 2] << 4);
        }
    }

    private void half(float value) {
        short bits = Float.floatToFloat16(value);
        made.write(bits);
        made.write(bits >> 8);
    }
}
