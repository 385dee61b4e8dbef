package dev.baton.bench.cache;

import dev.baton.kv.BlockHash;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Prompts of 12,031 requests to a chat service within an hour, as names of their blocks of 512 tokens: equal names are equal
 * prefixes. Source: kvcache-ai/Mooncake, FAST25-release/traces, Apache-2.0.
 *
 * @param prompts in the order of their arrival
 */
record ConversationTrace(List<List<BlockHash>> prompts) {
    private static final String FILE = "conversation.jsonl.gz";

    static ConversationTrace read() throws IOException {
        try (InputStream packed = Objects.requireNonNull(ConversationTrace.class.getResourceAsStream(FILE), FILE);
                BufferedReader lines = new BufferedReader(
                        new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.UTF_8))) {
            return new ConversationTrace(
                    lines.lines().map(ConversationTrace::prompt).toList());
        }
    }

    private static List<BlockHash> prompt(String line) {
        JsonNode ids = JsonMapper.shared().readTree(line).path("hash_ids");
        return StreamSupport.stream(ids.spliterator(), false)
                .map(id -> new BlockHash(0, id.asLong()))
                .toList();
    }

    long blocks() {
        return prompts.stream().mapToLong(List::size).sum();
    }
}
