package dev.baton.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.ObjectMapper;

/** {@code model.safetensors.index.json}: which file beside it holds which tensor. Foreign input, like the headers. */
final class ShardIndex {
    private static final long MAX_BYTES = 32 << 20;
    private static final int MAX_TENSORS = 1 << 18;
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,200}\\.safetensors");
    private static final ObjectMapper JSON = new ObjectMapper();

    private ShardIndex() {}

    /** Name of the shard, a plain file name, by name of the tensor. */
    static Map<String, String> read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException("%s is larger than %d bytes".formatted(file, MAX_BYTES));
        }
        Map<String, String> shards = new LinkedHashMap<>();
        try (InputStream bytes = Files.newInputStream(file);
                JsonParser parser = JSON.createParser(bytes)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("%s is no JSON object".formatted(file));
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean map = parser.currentName().equals("weight_map");
                if (parser.nextToken() == JsonToken.START_OBJECT && map) {
                    weightMap(parser, file, shards);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (JacksonException e) {
            throw new IOException("%s is not JSON: %s".formatted(file, e.getOriginalMessage()), e);
        }
        if (shards.isEmpty()) {
            throw new IOException("%s has no weight_map, or an empty one".formatted(file));
        }
        return shards;
    }

    private static void weightMap(JsonParser parser, Path file, Map<String, String> shards) throws IOException {
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String tensor = parser.currentName();
            String shard = parser.nextToken() == JsonToken.VALUE_STRING ? parser.getString() : "";
            if (!PLAIN_NAME.matcher(shard).matches()) {
                throw new IOException(
                        "%s names a shard '%.100s' that is no plain file name".formatted(file.getFileName(), shard));
            }
            if (shards.size() == MAX_TENSORS) {
                throw new IOException("%s names more than %d tensors".formatted(file, MAX_TENSORS));
            }
            if (shards.put(tensor, shard) != null) {
                throw new IOException("%s names tensor %.100s twice".formatted(file, tensor));
            }
        }
    }
}
