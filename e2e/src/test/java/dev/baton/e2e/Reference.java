package dev.baton.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What transformers answered to the same chats, greedy and in f32, as committed beside the model's tests. */
final class Reference {
    private static final Path FILE =
            RunningBaton.HOME.resolve("model/src/test/resources/reference/demo/reference.json");

    private Reference() {}

    /**
     * @param continuation tokens, whatever they mean
     * @param stop how many of these come before the token that ends the answer; all of them when none does
     */
    record Chat(
            String name, JsonNode messages, List<Integer> prompt, List<Integer> continuation, int stop, String answer) {
        /** The chat, greedy, as long as the reference goes. */
        ObjectNode request() {
            ObjectNode body = JsonMapper.shared().createObjectNode();
            body.put("model", "demo").put("temperature", 0).put("max_tokens", continuation.size());
            body.put("logprobs", true).set("messages", messages);
            return body;
        }

        /** The same tokens without the template, past the end of the answer. */
        ObjectNode completion() {
            ObjectNode body = JsonMapper.shared().createObjectNode();
            body.put("model", "demo").put("temperature", 0).put("max_tokens", continuation.size());
            body.put("logprobs", 0).put("ignore_eos", true);
            prompt.forEach(body.putArray("prompt")::add);
            return body;
        }

        boolean stops() {
            return stop < continuation.size();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Chat> chats() {
        List<Chat> chats = new ArrayList<>();
        for (JsonNode node : root().path("cases")) {
            if (node.has("messages")) {
                List<Integer> continuation = ints(node.path("continuation"));
                chats.add(new Chat(
                        node.path("name").asString(""),
                        node.path("messages"),
                        ints(node.path("ids")),
                        continuation,
                        node.path("stop").asInt(continuation.size()),
                        node.path("answer").asString("")));
            }
        }
        return chats;
    }

    private static JsonNode root() {
        try {
            return JsonMapper.shared().readTree(Files.readAllBytes(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Integer> ints(JsonNode node) {
        return node.valueStream().map(JsonNode::asInt).toList();
    }
}
