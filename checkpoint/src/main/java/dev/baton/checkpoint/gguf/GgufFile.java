package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The header of a GGUF file: its metadata, and where which tensor lies. */
public final class GgufFile {
    private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 1 << 18;
    private static final int MAX_DIMENSIONS = 4;
    private static final int MAX_KEY_CHARS = 1 << 12;
    private static final long DEFAULT_ALIGNMENT = 32;
    private static final long MAX_ALIGNMENT = 1 << 16;
    /** Factors of rotary frequencies are tensors, but configuration. */
    private static final String FACTORS = "rope_f";

    private static final int MAX_FACTORS = 1 << 16;

    private final GgufMetadata metadata;
    private final Map<String, GgufTensor> tensors;
    private final Map<String, float[]> factors;

    private GgufFile(GgufMetadata metadata, Map<String, GgufTensor> tensors, Map<String, float[]> factors) {
        this.metadata = metadata;
        this.tensors = tensors;
        this.factors = factors;
    }

    /** @throws IOException when it is no sound GGUF file of version 2 or 3 */
    public static GgufFile read(Path file) throws IOException {
        // A named pipe would be opened, and waited for, forever.
        if (!Files.isRegularFile(file)) {
            throw new IOException("%s is missing or no file".formatted(file));
        }
        try (Arena arena = Arena.ofConfined()) {
            return parse(String.valueOf(file.getFileName()), map(file, arena));
        }
    }

    /** The whole file, read-only, for as long as the arena lives. */
    static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    static GgufFile parse(String file, MemorySegment bytes) throws IOException {
        GgufCursor cursor = new GgufCursor(file, bytes);
        if (cursor.i32() != MAGIC) {
            throw broken(file, "it does not begin with GGUF");
        }
        int version = cursor.i32();
        if (version != 2 && version != 3) {
            throw broken(
                    file,
                    Integer.reverseBytes(version) == 3
                            ? "it is big-endian"
                            : "it has version %d; read are 2 and 3".formatted(version));
        }
        long tensorCount = cursor.count("a number of tensors", MAX_TENSORS);
        long keyCount = cursor.count("a number of keys", MAX_KEYS);
        Map<String, GgufValue> values = new HashMap<>();
        for (long i = 0; i < keyCount; i++) {
            String key = name(cursor, "key");
            if (values.put(key, cursor.value(key)) != null) {
                throw broken(file, "key %.100s is there twice".formatted(key));
            }
        }
        GgufMetadata metadata = new GgufMetadata(file, values);
        return new Tensors(file, cursor, bytes, metadata).read(tensorCount);
    }

    private static String name(GgufCursor cursor, String what) throws IOException {
        String name = cursor.text();
        if (name.isEmpty() || name.length() > MAX_KEY_CHARS) {
            throw cursor.broken("a %s of %d characters".formatted(what, name.length()));
        }
        return name;
    }

    public GgufMetadata metadata() {
        return metadata;
    }

    /** By name, in the order of the file. */
    public Map<String, GgufTensor> tensors() {
        return tensors;
    }

    /** The values of a tensor of rotary factors; empty when there is none of the name. */
    float[] factors(String tensor) {
        return factors.getOrDefault(tensor, new float[0]);
    }

    static IOException broken(String file, String what) {
        return new IOException("%s is not a sound GGUF file: %s".formatted(file, what));
    }

    /** The second half of the header. */
    private record Tensors(String file, GgufCursor cursor, MemorySegment bytes, GgufMetadata metadata) {
        private record Entry(String name, GgufType type, long[] shape, long offset, long bytes) {}

        GgufFile read(long count) throws IOException {
            Map<String, Entry> entries = new LinkedHashMap<>();
            for (long i = 0; i < count; i++) {
                Entry entry = entry();
                if (entries.put(entry.name, entry) != null) {
                    throw broken(file, "tensor %.100s is there twice".formatted(entry.name));
                }
            }
            long alignment = alignment();
            long dataFrom = aligned(cursor.position(), alignment);
            checkCover(entries, alignment, bytes.byteSize() - dataFrom);
            Map<String, GgufTensor> tensors = new LinkedHashMap<>();
            Map<String, float[]> factors = new HashMap<>();
            for (Entry e : entries.values()) {
                tensors.put(e.name, new GgufTensor(e.name, e.type, e.shape, dataFrom + e.offset, e.bytes));
                if (e.name.startsWith(FACTORS) && e.type == GgufType.F32 && e.shape.length == 1) {
                    factors.put(e.name, floats(e, bytes.asSlice(dataFrom + e.offset, e.bytes)));
                }
            }
            return new GgufFile(metadata, tensors, factors);
        }

        private float[] floats(Entry entry, MemorySegment data) throws IOException {
            if (entry.shape[0] > MAX_FACTORS) {
                throw broken(file, "tensor %s has %d elements".formatted(entry.name, entry.shape[0]));
            }
            float[] values = new float[(int) entry.shape[0]];
            data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
            return values;
        }

        private Entry entry() throws IOException {
            String name = name(cursor, "tensor's name");
            int dimensions = cursor.i32();
            if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
                throw broken(file, "tensor %.100s has %d dimensions".formatted(name, dimensions));
            }
            long[] shape = new long[dimensions];
            long elements = 1;
            for (int i = dimensions - 1; i >= 0; i--) {
                shape[i] = cursor.count("tensor %.100s, a dimension".formatted(name), Integer.MAX_VALUE);
                elements = Math.multiplyHigh(elements, shape[i]) == 0 ? elements * shape[i] : -1;
                if (shape[i] < 1 || elements < 1) {
                    throw broken(file, "tensor %.100s has an impossible shape".formatted(name));
                }
            }
            int id = cursor.i32();
            GgufType type = GgufType.of(id)
                    .orElseThrow(
                            () -> broken(file, "tensor %.100s has type %d, which is not known".formatted(name, id)));
            if (shape[dimensions - 1] % type.blockElements() != 0) {
                throw broken(
                        file,
                        "tensor %.100s has rows of %d elements in blocks of %d"
                                .formatted(name, shape[dimensions - 1], type.blockElements()));
            }
            long blocks = elements / type.blockElements();
            if (blocks > Long.MAX_VALUE / 8 / type.blockBytes()) {
                throw broken(file, "tensor %.100s has an impossible shape".formatted(name));
            }
            long offset = cursor.count("tensor %.100s, an offset".formatted(name), Long.MAX_VALUE / 8);
            return new Entry(name, type, shape, offset, blocks * type.blockBytes());
        }

        private long alignment() throws IOException {
            long alignment = metadata.whole("general.alignment").orElse(DEFAULT_ALIGNMENT);
            if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
                throw broken(file, "an alignment of %d".formatted(alignment));
            }
            return alignment;
        }

        /** Tensors follow each other, each on the next multiple of the alignment; bytes of two tensors are a trick. */
        private void checkCover(Map<String, Entry> entries, long alignment, long dataBytes) throws IOException {
            long at = 0;
            List<Entry> inOrder = entries.values().stream()
                    .sorted(Comparator.comparingLong(Entry::offset))
                    .toList();
            for (Entry entry : inOrder) {
                long expected = aligned(at, alignment);
                if (entry.offset != expected) {
                    throw broken(
                            file,
                            "tensor %.100s begins at %d, where %d follows from the one before it"
                                    .formatted(entry.name, entry.offset, expected));
                }
                at = entry.offset + entry.bytes;
                if (at > dataBytes) {
                    throw broken(
                            file,
                            "tensor %.100s ends at %d of %d bytes of data: is it whole?"
                                    .formatted(entry.name, at, Math.max(0, dataBytes)));
                }
            }
        }

        private static long aligned(long at, long alignment) {
            return (at + alignment - 1) / alignment * alignment;
        }
    }
}
