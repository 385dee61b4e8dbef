package dev.baton.gateway.openai;

import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.baton.gateway.answer.CompletionResult;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.answer.Usage;
import dev.baton.gateway.json.ResponseJson;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Response bodies that are sent whole, as JSON. */
final class ResponseBodies {
    private ResponseBodies() {}

    private record Completion(
            String id, String object, long created, String model, List<?> choices, Usage.Json usage) {}

    private record ChatChoice(
            int index,
            Message message,
            @JsonRawValue @Nullable String logprobs,
            String finishReason) {}

    private record Message(
            String role, String content, @Nullable String refusal) {}

    private record TextChoice(
            int index, String text, @JsonRawValue @Nullable String logprobs, String finishReason) {}

    private record ModelList(String object, List<ModelCard> data) {}

    private record ModelCard(String id, String object, long created, String ownedBy, int maxModelLen) {}

    static String completion(PreparedRequest prepared, CompletionResult result) {
        List<Object> choices = new ArrayList<>();
        for (CompletionResult.Choice choice : result.choices()) {
            int index = choices.size();
            choices.add(
                    switch (prepared.shape()) {
                        case CHAT ->
                            new ChatChoice(
                                    index,
                                    new Message("assistant", choice.text(), null),
                                    choice.logprobs(),
                                    choice.finishReason());
                        case COMPLETION ->
                            new TextChoice(index, choice.text(), choice.logprobs(), choice.finishReason());
                    });
        }
        String object = switch (prepared.shape()) {
            case CHAT -> "chat.completion";
            case COMPLETION -> "text_completion";
        };
        return ResponseJson.write(new Completion(
                prepared.answerId(),
                object,
                prepared.created(),
                prepared.model(),
                choices,
                result.usage().json()));
    }

    static String models(ServedModel model) {
        return ResponseJson.write(new ModelList("list", List.of(card(model))));
    }

    static String model(ServedModel model) {
        return ResponseJson.write(card(model));
    }

    private static ModelCard card(ServedModel model) {
        return new ModelCard(model.name(), "model", model.created(), "baton", model.maxContext());
    }
}
