package dev.baton.gateway.sse;

import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.toolcalls.CallPiece;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The stream chunks of one answer. What never changes is serialised once: each chunk is prefix, escaped text, suffix.
 */
public final class ChunkTemplates {
    static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);
    static final byte[] KEEP_ALIVE = ": \n\n".getBytes(StandardCharsets.US_ASCII);

    private final Shape shape;
    private final String head;
    private final byte[][] beforeText;
    private final byte[] afterText;

    /** The endpoint that an answer is for; chunks are for the first two. */
    public enum Shape {
        CHAT("chat.completion.chunk", "messages", "chatcmpl-"),
        COMPLETION("text_completion", "prompt", "cmpl-"),
        RESPONSE("response", "input", "resp_");

        private final String object;
        private final String promptParam;
        private final String prefix;

        Shape(String object, String promptParam, String prefix) {
            this.object = object;
            this.promptParam = promptParam;
            this.prefix = prefix;
        }

        /** The id of the answer to a request. */
        public String answerId(String requestId) {
            return prefix + requestId;
        }

        /** The field of the request that the prompt comes from. */
        public String promptParam() {
            return promptParam;
        }
    }

    /**
     * @param serviceTier named in every chunk unless it is null
     * @param systemFingerprint the same
     * @param choices how many choices the answer has
     */
    public ChunkTemplates(
            Shape shape,
            String id,
            long created,
            String model,
            @Nullable String serviceTier,
            @Nullable String systemFingerprint,
            int choices) {
        this.shape = shape;
        this.head = "data: {\"id\":" + JsonText.quote(id) + ",\"object\":\"" + shape.object + "\",\"created\":"
                + created + ",\"model\":" + JsonText.quote(model)
                + optional("service_tier", serviceTier) + optional("system_fingerprint", systemFingerprint)
                + ",\"choices\":[";
        this.beforeText = new byte[choices][];
        for (int choice = 0; choice < choices; choice++) {
            String before =
                    "{\"index\":" + choice + (shape == Shape.CHAT ? ",\"delta\":{\"content\":\"" : ",\"text\":\"");
            beforeText[choice] = (head + before).getBytes(StandardCharsets.UTF_8);
        }
        String after = shape == Shape.CHAT
                ? "\"},\"finish_reason\":null}]}\n\n"
                : "\",\"logprobs\":null,\"finish_reason\":null}]}\n\n";
        this.afterText = after.getBytes(StandardCharsets.US_ASCII);
    }

    /** A member after others; nothing for null. */
    public static String optional(String name, @Nullable String value) {
        return value == null ? "" : ",\"" + name + "\":" + JsonText.quote(value);
    }

    /** Whether a choice opens with a chunk of its own that names the role. */
    boolean opensWithRole() {
        return shape == Shape.CHAT;
    }

    String role(int choice) {
        return head + "{\"index\":" + choice
                + ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
    }

    /** All of a text chunk before its escaped text. */
    byte[] beforeText(int choice) {
        return beforeText[choice];
    }

    /** All of a chunk of reasoning before its escaped text; what follows is as of a text chunk. */
    String beforeReasoning(int choice) {
        return head + "{\"index\":" + choice + ",\"delta\":{\"reasoning_content\":\"";
    }

    /** All of a text chunk after its escaped text, without logprobs. */
    byte[] afterText() {
        return afterText;
    }

    /** What stands between the escaped text of a chunk and its logprobs. */
    String beforeLogprobs() {
        return (shape == Shape.CHAT ? "\"}" : "\"") + ",\"logprobs\":";
    }

    String afterLogprobs() {
        return ",\"finish_reason\":null}]}\n\n";
    }

    /** A part of a tool call. */
    String call(int choice, CallPiece piece) {
        StringBuilder chunk = new StringBuilder(head).append("{\"index\":").append(choice);
        chunk.append(",\"delta\":{\"tool_calls\":[{\"index\":").append(piece.index());
        if (piece.first()) {
            chunk.append(",\"id\":").append(JsonText.quote(piece.id()));
            chunk.append(",\"type\":\"function\",\"function\":{\"name\":").append(JsonText.quote(piece.name()));
            chunk.append(",\"arguments\":\"");
        } else {
            chunk.append(",\"function\":{\"arguments\":\"");
        }
        JsonText.escape(piece.arguments(), chunk);
        return chunk.append("\"}}]},\"finish_reason\":null}]}\n\n").toString();
    }

    String finish(int choice, String reason) {
        return head + "{\"index\":" + choice
                + (shape == Shape.CHAT ? ",\"delta\":{}" : ",\"text\":\"\",\"logprobs\":null") + ",\"finish_reason\":\""
                + reason + "\"}]}\n\n";
    }

    /** A chunk without choices that carries one more field; {@code value} is JSON. */
    String trailer(String field, String value) {
        return head + "],\"" + field + "\":" + value + "}\n\n";
    }

    /** {@code body} is JSON, an object with the key {@code error}. */
    static String error(String body) {
        return "event: error\ndata: " + body + "\n\n";
    }
}
