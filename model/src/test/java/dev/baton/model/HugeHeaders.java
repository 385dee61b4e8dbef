package dev.baton.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A process with a small heap that meets headers of the largest size that is read; says what came of each. */
final class HugeHeaders {
    private static final List<String[]> KINDS = List.of(
            new String[] {"{", "\"%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"},
            new String[] {"{\"__metadata__\":{", "\"%d\":\"\","},
            new String[] {"{\"a\":{\"x\":[", "[],"},
            new String[] {"{\"a\":{\"x\":[", "%d,"},
            new String[] {"{\"a\":{\"shape\":[", "1,"},
            new String[] {"{\"a\":{\"x\":", "["},
            new String[] {"{\"a\":{\"x\":", "7"},
            new String[] {"{\"", "name"},
            new String[] {"{\"a\":{\"dtype\":\"", "F32"},
            new String[] {"{", " "});

    private HugeHeaders() {}

    static void main() {
        for (String[] kind : KINDS) {
            try (Arena arena = Arena.ofConfined()) {
                Safetensors.parse("f", filled(arena, kind[0], kind[1]));
                System.out.println("opened " + kind[1]);
            } catch (IOException | UnsupportedModelException e) {
                System.out.printf("refused %s: %s%n", kind[1], e.getMessage());
            }
        }
    }

    private static MemorySegment filled(Arena arena, String start, String again) {
        long length = Safetensors.MAX_HEADER;
        MemorySegment file = arena.allocate(8 + length);
        file.fill((byte) ' ');
        file.set(ValueLayout.JAVA_LONG, 0, length);
        long at = put(file, 8, start);
        for (int i = 0; at + again.length() + 20 < file.byteSize(); i++) {
            at = put(file, at, again.contains("%") ? again.formatted(i) : again);
        }
        return file;
    }

    private static long put(MemorySegment file, long at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(bytes, 0, file, ValueLayout.JAVA_BYTE, at, bytes.length);
        return at + bytes.length;
    }
}
