package dev.baton.gateway.sse;

import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.json.JsonText;
import java.util.ArrayList;
import java.util.List;

/** One item of a response's output, and how {@code /v1/responses} writes it. */
public final class ResponseItem {
    final Kind kind;
    final int index;
    final String id;
    private final String callId;
    private final String name;
    private final CharSequence text;

    enum Kind {
        REASONING("rs_", "response.reasoning_text", "text", "reasoning_text"),
        MESSAGE("msg_", "response.output_text", "text", "output_text"),
        CALL("fc_", "response.function_call_arguments", "arguments", "");

        private final String prefix;
        final String event;

        /** What the event that ends the text calls it. */
        final String field;

        /** Of the part that the text is in; empty where it is in the item itself. */
        private final String part;

        Kind(String prefix, String event, String field, String part) {
            this.prefix = prefix;
            this.event = event;
            this.field = field;
            this.part = part;
        }

        boolean hasPart() {
            return !part.isEmpty();
        }
    }

    private ResponseItem(Kind kind, int index, String answer, String callId, String name, CharSequence text) {
        this.kind = kind;
        this.index = index;
        this.id = kind.prefix + answer + "_" + index;
        this.callId = callId;
        this.name = name;
        this.text = text;
    }

    /** @param answer by which ids of its items are told from those of others */
    public static ResponseItem reasoning(int index, String answer, CharSequence text) {
        return new ResponseItem(Kind.REASONING, index, answer, "", "", text);
    }

    public static ResponseItem message(int index, String answer, CharSequence text) {
        return new ResponseItem(Kind.MESSAGE, index, answer, "", "", text);
    }

    /** @param arguments JSON text */
    public static ResponseItem call(int index, String answer, String callId, String name, CharSequence arguments) {
        return new ResponseItem(Kind.CALL, index, answer, callId, name, arguments);
    }

    CharSequence text() {
        return text;
    }

    /** As it begins: without text. */
    String begun() {
        StringBuilder json = new StringBuilder();
        List<JsonPart> parts = new ArrayList<>();
        write("in_progress", false, parts);
        JsonPart.sequence(parts.iterator()).write(json, Integer.MAX_VALUE);
        return json.toString();
    }

    /** All of it, once its text does not change any more. */
    void write(String status, List<JsonPart> to) {
        write(status, true, to);
    }

    private void write(String status, boolean whole, List<JsonPart> to) {
        String head = "{\"id\":" + JsonText.quote(id) + ",\"status\":\"" + status + "\",";
        switch (kind) {
            case REASONING -> to.add(JsonPart.of(head + "\"type\":\"reasoning\",\"summary\":[],\"content\":["));
            case MESSAGE -> to.add(JsonPart.of(head + "\"type\":\"message\",\"role\":\"assistant\",\"content\":["));
            case CALL ->
                to.add(JsonPart.of(head + "\"type\":\"function_call\",\"call_id\":" + JsonText.quote(callId)
                        + ",\"name\":" + JsonText.quote(name) + ",\"arguments\":\""));
        }
        if (kind.hasPart()) {
            if (whole) {
                part(true, to);
            }
            to.add(JsonPart.of("]}"));
        } else {
            if (whole) {
                to.add(JsonPart.escaped(text));
            }
            to.add(JsonPart.of("\"}"));
        }
    }

    /** The part that the text is in. */
    void part(boolean whole, List<JsonPart> to) {
        to.add(JsonPart.of("{\"type\":\"" + kind.part + "\",\"text\":\""));
        if (whole) {
            to.add(JsonPart.escaped(text));
        }
        to.add(JsonPart.of(kind == Kind.MESSAGE ? "\",\"annotations\":[],\"logprobs\":[]}" : "\"}"));
    }

    /** What events of an item's text say of their place. */
    String place() {
        return "\"item_id\":" + JsonText.quote(id) + ",\"output_index\":" + index
                + (kind.hasPart() ? ",\"content_index\":0" : "");
    }
}
