package dev.baton.gateway.openai;

import dev.baton.gateway.answer.CompletionResult;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.JsonText;

/** Response bodies that are sent whole, as JSON. */
final class ResponseBodies {
    private ResponseBodies() {}

    static String answer(PreparedRequest prepared, CompletionResult answer) {
        boolean chat = prepared.shape() == Shape.CHAT;
        StringBuilder out = new StringBuilder(512)
                .append("{\"id\":")
                .append(JsonText.quote(prepared.answerId()))
                .append(",\"object\":\"")
                .append(chat ? "chat.completion" : "text_completion")
                .append("\",\"created\":")
                .append(prepared.created())
                .append(",\"model\":")
                .append(JsonText.quote(prepared.model()))
                .append(",\"choices\":[");
        for (int i = 0; i < answer.choices().size(); i++) {
            CompletionResult.Choice choice = answer.choices().get(i);
            out.append(i == 0 ? "{" : ",{").append("\"index\":").append(i);
            if (chat) {
                out.append(",\"message\":{\"role\":\"assistant\",\"content\":")
                        .append(JsonText.quote(choice.text()))
                        .append(",\"refusal\":null}");
            } else {
                out.append(",\"text\":").append(JsonText.quote(choice.text()));
            }
            out.append(",\"logprobs\":")
                    .append(choice.logprobs() == null ? "null" : choice.logprobs())
                    .append(",\"finish_reason\":\"")
                    .append(choice.finishReason())
                    .append("\"}");
        }
        return out.append("],\"usage\":")
                .append(answer.usage().json())
                .append('}')
                .toString();
    }

    static String models(ServedModel model) {
        return "{\"object\":\"list\",\"data\":[" + model(model) + "]}";
    }

    static String model(ServedModel model) {
        return "{\"id\":" + JsonText.quote(model.name()) + ",\"object\":\"model\",\"created\":" + model.created()
                + ",\"owned_by\":\"baton\",\"max_model_len\":" + model.maxContext() + "}";
    }
}
