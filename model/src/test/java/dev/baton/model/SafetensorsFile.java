package dev.baton.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A safetensors file in two parts: its header, and how many bytes follow. */
record SafetensorsFile(String header, int data) {
    static SafetensorsFile read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) bytes.getLong();
        return new SafetensorsFile(
                new String(bytes.array(), 8, length, StandardCharsets.UTF_8), bytes.capacity() - 8 - length);
    }

    byte[] bytes() {
        return bytes(header.getBytes(StandardCharsets.UTF_8));
    }

    /** The file with another header, whose length is told truly. */
    byte[] bytes(byte[] header) {
        return ByteBuffer.allocate(8 + header.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }
}
