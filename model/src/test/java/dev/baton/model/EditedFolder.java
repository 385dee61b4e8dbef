package dev.baton.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** A copy of a tiny checkpoint in one file, to be changed tensor by tensor. */
final class EditedFolder {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final ObjectNode header;
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    private EditedFolder(Path folder, ObjectNode header) {
        this.folder = folder;
        this.header = header;
    }

    static EditedFolder of(String family, Path folder) throws IOException {
        Path from = Reference.RESOURCES.resolve("families").resolve(family);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        byte[] all = Files.readAllBytes(folder.resolve("model.safetensors"));
        int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
        EditedFolder edited = new EditedFolder(folder, (ObjectNode) JSON.readTree(all, 8, length));
        edited.data.write(all, 8 + length, all.length - 8 - length);
        return edited;
    }

    /** Changes {@code config.json}. */
    EditedFolder configured(String name, Object value) throws IOException {
        Path file = folder.resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readAllBytes(file));
        config.putPOJO(name, value);
        Files.writeString(file, config.toString());
        return this;
    }

    /** Adds a tensor of zeros. */
    EditedFolder with(String name, String dtype, int bytes, int... shape) {
        ObjectNode entry = header.putObject(name).put("dtype", dtype);
        for (int size : shape) {
            entry.withArray("shape").add(size);
        }
        entry.withArray("data_offsets").add(data.size()).add(data.size() + bytes);
        data.writeBytes(new byte[bytes]);
        return this;
    }

    /** Stores a tensor of bf16 as f16, which loses nothing of numbers of this size. */
    EditedFolder asHalf(String name) {
        ObjectNode entry = (ObjectNode) header.path(name);
        byte[] bytes = data.toByteArray();
        ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int end = entry.path("data_offsets").path(1).asInt();
        for (int at = entry.path("data_offsets").path(0).asInt(); at < end; at += 2) {
            float value = Float.intBitsToFloat(all.getShort(at) << 16);
            all.putShort(at, Float.floatToFloat16(value));
        }
        entry.put("dtype", "F16");
        data.reset();
        data.writeBytes(bytes);
        return this;
    }

    Path written() throws IOException {
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + json.length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(
                folder.resolve("model.safetensors"),
                all.putLong(json.length).put(json).put(data.toByteArray()).array());
        return folder;
    }
}
