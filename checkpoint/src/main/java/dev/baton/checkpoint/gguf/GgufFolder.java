package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * A GGUF file as the Hugging Face folder that it was made from: its documents, and its tensors under their names there, in
 * their order there.
 */
public final class GgufFolder {
    private static final long BF16_BYTES = 2;

    private final Path file;
    private final GgufFile header;

    private GgufFolder(Path file, GgufFile header) {
        this.file = file;
        this.header = header;
    }

    public static GgufFolder open(Path file) throws IOException {
        return new GgufFolder(file, GgufFile.read(file));
    }

    public Path file() {
        return file;
    }

    /** About what all tensors take as they are computed with: groups as they are stored, other blocks as bf16. */
    public long heldBytes() {
        return header.tensors().values().stream()
                .mapToLong(tensor -> tensor.type().quantised() && !tensor.type().grouped()
                        ? tensor.rows() * tensor.columns() * BF16_BYTES
                        : tensor.bytes())
                .sum();
    }

    public JsonNode config() throws IOException {
        return GgufConfig.json(header);
    }

    public JsonNode generationConfig() throws IOException {
        return GgufTokenizer.of(header).generationConfig();
    }

    public JsonNode tokenizer() throws IOException {
        return GgufTokenizer.of(header).json();
    }

    public JsonNode tokenizerConfig() throws IOException {
        return GgufTokenizer.of(header).config();
    }

    /** All tensors, mapped for as long as the arena lives. */
    public Map<String, GgufMatrix> tensors(Arena arena) throws IOException {
        return tensors(header, file.getFileName().toString(), GgufFile.map(file, arena));
    }

    /** @param bytes the whole file */
    static Map<String, GgufMatrix> tensors(GgufFile header, String file, MemorySegment bytes) throws IOException {
        Architecture architecture = Architecture.of(header.metadata());
        JsonNode config = GgufConfig.json(header);
        Map<String, GgufMatrix> matrices = new LinkedHashMap<>();
        for (GgufTensor tensor : header.tensors().values()) {
            String name = architecture.folderName(tensor.name());
            if (tensor.from() + tensor.bytes() > bytes.byteSize()) {
                throw GgufFile.broken(file, "it became shorter while it was read");
            }
            GgufMatrix matrix = new GgufMatrix(
                    name,
                    tensor,
                    bytes.asSlice(tensor.from(), tensor.bytes()),
                    interleavedHeads(file, architecture, config, name, tensor),
                    architecture.gemma() && name.endsWith("norm.weight") ? 1 : 0);
            if (matrices.put(name, matrix) != null) {
                throw GgufFile.broken(file, "two of its tensors are %.100s".formatted(name));
            }
        }
        return matrices;
    }

    private static int interleavedHeads(
            String file, Architecture architecture, JsonNode config, String name, GgufTensor tensor)
            throws IOException {
        boolean query = name.contains(".self_attn.q_proj.");
        if (!architecture.interleaved() || !(query || name.contains(".self_attn.k_proj."))) {
            return 0;
        }
        int heads = config.path(query ? "num_attention_heads" : "num_key_value_heads")
                .asInt(0);
        long rows = tensor.shape()[0];
        if (heads < 1 || rows % (2L * heads) != 0) {
            throw GgufFile.broken(file, "%d rows of %s for %d heads".formatted(rows, tensor.name(), heads));
        }
        return heads;
    }
}
