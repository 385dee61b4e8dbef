package dev.baton.gateway.sse;

import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.json.JsonText;
import java.util.ArrayList;
import java.util.List;

/**
 * What a response object says beside its output.
 *
 * @param repeated members of the request that the answer repeats, as JSON without braces; all that is written of it shares
 *     this one text
 */
public record ResponseHead(String id, long created, String model, String repeated) {
    /** The status of a response whose choice ended so. */
    static String status(String finishReason) {
        return finishReason.equals("length") ? "incomplete" : "completed";
    }

    /** By which ids of its items are told from those of others. */
    public String answer() {
        return id.substring(id.indexOf('_') + 1);
    }

    /** The whole object of a response that has ended. */
    public JsonPart whole(List<ResponseItem> items, String finishReason, String usage) {
        List<JsonPart> parts = new ArrayList<>();
        write(status(finishReason), "null", items, usage, parts);
        return JsonPart.sequence(parts.iterator());
    }

    /**
     * Adds the object.
     *
     * @param error as JSON
     * @param items the last one alone can be incomplete
     * @param usage as JSON
     */
    void write(String status, String error, List<ResponseItem> items, String usage, List<JsonPart> to) {
        boolean cut = status.equals("incomplete");
        to.add(JsonPart.of("{\"id\":" + JsonText.quote(id) + ",\"object\":\"response\",\"created_at\":" + created
                + ",\"status\":\"" + status + "\",\"error\":" + error + ",\"incomplete_details\":"
                + (cut ? "{\"reason\":\"max_output_tokens\"}" : "null") + ",\"model\":" + JsonText.quote(model)
                + ",\"output\":["));
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                to.add(JsonPart.of(","));
            }
            items.get(i).write(cut && i == items.size() - 1 ? "incomplete" : "completed", to);
        }
        to.add(JsonPart.of("],"));
        to.add(JsonPart.shared(repeated));
        to.add(JsonPart.of(",\"usage\":" + usage + "}"));
    }
}
