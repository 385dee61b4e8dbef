package dev.baton.gateway.openai;

import dev.baton.gateway.answer.CompletionResult;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.json.ResponseJson;
import dev.baton.gateway.sse.ChunkTemplates;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.ResponseHead;
import dev.baton.gateway.sse.ResponseItem;
import java.util.ArrayList;
import java.util.List;

/** Response bodies that are not streams, as JSON. */
final class ResponseBodies {
    private ResponseBodies() {}

    private record ModelList(String object, List<ModelCard> data) {}

    private record ModelCard(String id, String object, long created, String ownedBy, int maxModelLen) {}

    static JsonPart completion(PreparedRequest prepared, CompletionResult result) {
        if (prepared.shape() == Shape.RESPONSE) {
            return response(prepared, result);
        }
        String object = prepared.shape() == Shape.CHAT ? "chat.completion" : "text_completion";
        List<JsonPart> parts = new ArrayList<>();
        parts.add(JsonPart.of("{\"id\":" + JsonText.quote(prepared.answerId()) + ",\"object\":\"" + object
                + "\",\"created\":" + prepared.created() + ",\"model\":" + JsonText.quote(prepared.model())
                + ChunkTemplates.optional("service_tier", prepared.serviceTier())
                + ChunkTemplates.optional("system_fingerprint", prepared.systemFingerprint()) + ",\"choices\":["));
        for (int index = 0; index < result.choices().size(); index++) {
            choice(prepared.shape(), index, result.choices().get(index), parts);
        }
        parts.add(JsonPart.of("],\"usage\":" + ResponseJson.write(result.usage().json()) + "}"));
        return JsonPart.sequence(parts.iterator());
    }

    /** Of one choice: what was thought, said and called, in this order. */
    private static JsonPart response(PreparedRequest prepared, CompletionResult result) {
        ResponseHead head = prepared.responseHead();
        CompletionResult.Choice choice = result.choices().getFirst();
        List<ResponseItem> items = new ArrayList<>();
        if (!choice.reasoning().isEmpty()) {
            items.add(ResponseItem.reasoning(items.size(), head.answer(), choice.reasoning()));
        }
        boolean silent = items.isEmpty() && choice.calls().isEmpty();
        if (silent || !choice.text().isEmpty()) {
            items.add(ResponseItem.message(items.size(), head.answer(), choice.text()));
        }
        for (CompletionResult.Call call : choice.calls()) {
            items.add(ResponseItem.call(items.size(), head.answer(), call.id(), call.name(), call.arguments()));
        }
        return head.whole(
                items, choice.finishReason(), ResponseJson.write(result.usage().ofResponse()));
    }

    private static void choice(Shape shape, int index, CompletionResult.Choice choice, List<JsonPart> parts) {
        boolean chat = shape == Shape.CHAT;
        parts.add(JsonPart.of((index == 0 ? "" : ",") + "{\"index\":" + index
                + (chat ? ",\"message\":{\"role\":\"assistant\",\"content\":" : ",\"text\":")));
        boolean silent = choice.calls().isEmpty() && choice.reasoning().isEmpty();
        if (silent || !choice.text().isEmpty()) {
            parts.add(JsonPart.of("\""));
            parts.add(JsonPart.escaped(choice.text()));
            parts.add(JsonPart.of("\""));
        } else {
            parts.add(JsonPart.of("null"));
        }
        if (!choice.reasoning().isEmpty()) {
            parts.add(JsonPart.of(",\"reasoning_content\":\""));
            parts.add(JsonPart.escaped(choice.reasoning()));
            parts.add(JsonPart.of("\""));
        }
        calls(choice.calls(), parts);
        parts.add(JsonPart.of((chat ? ",\"refusal\":null}" : "") + ",\"logprobs\":"));
        JsonPart logprobs = choice.logprobs();
        parts.add(logprobs == null ? JsonPart.of("null") : logprobs);
        parts.add(JsonPart.of(",\"finish_reason\":" + JsonText.quote(choice.finishReason()) + "}"));
    }

    private static void calls(List<CompletionResult.Call> calls, List<JsonPart> parts) {
        for (int i = 0; i < calls.size(); i++) {
            CompletionResult.Call call = calls.get(i);
            parts.add(JsonPart.of((i == 0 ? ",\"tool_calls\":[" : ",") + "{\"id\":" + JsonText.quote(call.id())
                    + ",\"type\":\"function\",\"function\":{\"name\":" + JsonText.quote(call.name())
                    + ",\"arguments\":\""));
            parts.add(JsonPart.escaped(call.arguments()));
            parts.add(JsonPart.of("\"}}"));
        }
        if (!calls.isEmpty()) {
            parts.add(JsonPart.of("]"));
        }
    }

    /** @param visible false: the caller may not use it */
    static String models(ServedModel model, int context, boolean visible) {
        return ResponseJson.write(new ModelList("list", visible ? List.of(card(model, context)) : List.of()));
    }

    static String model(ServedModel model, int context) {
        return ResponseJson.write(card(model, context));
    }

    private static ModelCard card(ServedModel model, int context) {
        return new ModelCard(model.name(), "model", model.created(), "baton", context);
    }
}
