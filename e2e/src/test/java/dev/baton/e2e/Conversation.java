package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.tokenizer.ChatPrompt;
import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A chat of two turns: what the workers hold after the first one, and what of it the second one finds. */
final class Conversation {
    static final int BLOCK = 64;
    private static final int ANSWER_TOKENS = 230;

    private final RunningBaton baton;
    private final ArrayNode messages = JsonMapper.shared().createArrayNode();

    private Conversation(RunningBaton baton) {
        this.baton = baton;
    }

    /** @param held tokens whose KV was computed for the first turn, its prompt first */
    record FirstTurn(Conversation chat, int promptTokens, List<Integer> held) {
        /** The second question, about as short as a question can be. */
        SecondTurn goOn() throws IOException {
            try (ModelTokenizer tokenizer = ModelTokenizer.open(RunningBaton.MODEL)) {
                chat.messages.addObject().put("role", "user").put("content", "And what happened then?");
                List<Integer> asked = ids(tokenizer, chat.messages);
                int common = common(held, asked);
                assertThat(common)
                        .as("tokens of turn two that re-encode as they were, of %d", held.size())
                        .isGreaterThan(promptTokens);
                JsonNode usage = chat.ask().path("usage");
                assertThat(usage.path("prompt_tokens").asInt()).isEqualTo(asked.size());
                return new SecondTurn(
                        asked.size(),
                        common,
                        usage.path("prompt_tokens_details")
                                .path("cached_tokens")
                                .asInt());
            }
        }
    }

    /**
     * What came of the second turn.
     *
     * @param tokens of its prompt
     * @param common of these, how many from the first on were held after the first turn
     * @param cached of these, how many were not computed again, as its usage says
     */
    record SecondTurn(int tokens, int common, int cached) {
        /** Blocks that were full after the first turn and are the same in the second. */
        int commonBlocks() {
            return common / BLOCK;
        }
    }

    static FirstTurn begin(RunningBaton baton, String question) throws IOException {
        Conversation chat = new Conversation(baton);
        chat.messages.addObject().put("role", "user").put("content", question);
        JsonNode choice = chat.ask().path("choices").path(0);
        try (ModelTokenizer tokenizer = ModelTokenizer.open(RunningBaton.MODEL)) {
            List<Integer> held = ids(tokenizer, chat.messages);
            int promptTokens = held.size();
            answerIds(tokenizer, choice.path("logprobs").path("content")).forEach(held::add);
            if (choice.path("finish_reason").asString("").equals("length")) {
                // The last token was drawn and never computed; else that is the end token, which is not in the answer.
                held.removeLast();
            }
            chat.messages
                    .addObject()
                    .put("role", "assistant")
                    .put("content", choice.path("message").path("content").asString(""));
            return new FirstTurn(chat, promptTokens, held);
        }
    }

    private JsonNode ask() {
        ObjectNode request = JsonMapper.shared().createObjectNode();
        request.put("model", "demo").put("temperature", 0).put("max_tokens", ANSWER_TOKENS);
        request.put("logprobs", true).set("messages", messages);
        var response = baton.calls().post(GatewayCalls.CHAT, request.toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    private static List<Integer> ids(ModelTokenizer tokenizer, ArrayNode messages) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (JsonNode message : messages) {
            list.add(Map.of(
                    "role", message.path("role").asString(""),
                    "content", message.path("content").asString("")));
        }
        return new ArrayList<>(
                Arrays.stream(tokenizer.encodeChat(ChatPrompt.of(list))).boxed().toList());
    }

    /** The answer's token ids by the bytes of each token: no two tokens of the demo's vocabulary share them. */
    private static List<Integer> answerIds(ModelTokenizer tokenizer, JsonNode logprobs) {
        Map<List<Integer>, Integer> byBytes = new HashMap<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            List<Integer> bytes = new ArrayList<>();
            for (byte each : tokenizer.tokenBytes(id)) {
                bytes.add(each & 0xff);
            }
            byBytes.putIfAbsent(bytes, id);
        }
        List<Integer> ids = new ArrayList<>();
        for (JsonNode token : logprobs) {
            ids.add(byBytes.getOrDefault(
                    token.path("bytes").valueStream().map(JsonNode::asInt).toList(), -1));
        }
        assertThat(ids).doesNotContain(-1);
        return ids;
    }

    private static int common(List<Integer> one, List<Integer> other) {
        int length = 0;
        while (length < Math.min(one.size(), other.size()) && one.get(length).equals(other.get(length))) {
            length++;
        }
        return length;
    }
}
