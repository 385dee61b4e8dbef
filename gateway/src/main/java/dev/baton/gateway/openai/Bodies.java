package dev.baton.gateway.openai;

import dev.baton.gateway.answer.Collected;
import dev.baton.gateway.answer.Plan;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.JsonText;

/** Response bodies that are sent whole, as JSON. */
final class Bodies {
    private Bodies() {}

    static String answer(Plan plan, Collected answer) {
        boolean chat = plan.shape() == Shape.CHAT;
        StringBuilder out = new StringBuilder(512)
                .append("{\"id\":")
                .append(JsonText.quote(plan.answerId()))
                .append(",\"object\":\"")
                .append(chat ? "chat.completion" : "text_completion")
                .append("\",\"created\":")
                .append(plan.created())
                .append(",\"model\":")
                .append(JsonText.quote(plan.model()))
                .append(",\"choices\":[");
        for (int i = 0; i < answer.choices().size(); i++) {
            Collected.Choice choice = answer.choices().get(i);
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
