package dev.baton.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes a small file field by field, so that a test can write one that is wrong. */
final class GgufBytes {
    private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
    private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private int keyCount;
    private int tensorCount;

    /** The least that is a Llama: no layers, embeddings for that many tokens. */
    static GgufBytes llama(int tokens) {
        return new GgufBytes()
                .text("general.architecture", "llama")
                .u32("llama.embedding_length", 32)
                .u32("llama.block_count", 1)
                .u32("llama.feed_forward_length", 64)
                .u32("llama.context_length", 128)
                .u32("llama.attention.head_count", 2)
                .tensor("token_embd.weight", 0, 32, tokens);
    }

    GgufBytes text(String key, String value) {
        key(key, 8);
        put(keys, value);
        return this;
    }

    GgufBytes u32(String key, int value) {
        key(key, 4);
        putInt(keys, value);
        return this;
    }

    GgufBytes f32(String key, float value) {
        key(key, 6);
        putInt(keys, Float.floatToIntBits(value));
        return this;
    }

    GgufBytes flag(String key, boolean value) {
        key(key, 7);
        keys.write(value ? 1 : 0);
        return this;
    }

    GgufBytes texts(String key, List<String> values) {
        key(key, 9);
        putInt(keys, 8);
        putLong(keys, values.size());
        values.forEach(value -> put(keys, value));
        return this;
    }

    GgufBytes i32s(String key, int... values) {
        key(key, 9);
        putInt(keys, 5);
        putLong(keys, values.length);
        for (int value : values) {
            putInt(keys, value);
        }
        return this;
    }

    /** Zeros, on the next multiple of 32. */
    GgufBytes tensor(String name, int type, long... dimensions) {
        GgufType known = GgufType.of(type).orElseThrow();
        long elements = 1;
        for (long dimension : dimensions) {
            elements *= dimension;
        }
        int bytes = (int) (elements / known.blockElements() * known.blockBytes());
        return tensor(name, type, data.size(), new byte[bytes], dimensions);
    }

    GgufBytes tensor(String name, int type, long offset, byte[] bytes, long... dimensions) {
        put(tensors, name);
        putInt(tensors, dimensions.length);
        for (long dimension : dimensions) {
            putLong(tensors, dimension);
        }
        putInt(tensors, type);
        putLong(tensors, offset);
        tensorCount++;
        data.writeBytes(bytes);
        data.writeBytes(new byte[-data.size() & 31]);
        return this;
    }

    byte[] bytes() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        putInt(all, 3);
        putLong(all, tensorCount);
        putLong(all, keyCount);
        all.writeBytes(keys.toByteArray());
        all.writeBytes(tensors.toByteArray());
        all.writeBytes(new byte[-all.size() & 31]);
        all.writeBytes(data.toByteArray());
        return all.toByteArray();
    }

    private void key(String key, int type) {
        put(keys, key);
        putInt(keys, type);
        keyCount++;
    }

    private static void put(ByteArrayOutputStream to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        putLong(to, bytes.length);
        to.writeBytes(bytes);
    }

    private static void putInt(ByteArrayOutputStream to, int value) {
        to.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private static void putLong(ByteArrayOutputStream to, long value) {
        to.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
    }
}
