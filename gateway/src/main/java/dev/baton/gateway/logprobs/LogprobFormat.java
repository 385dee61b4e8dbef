package dev.baton.gateway.logprobs;

import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.json.JsonText;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The {@code logprobs} object of an endpoint: columns behind each other, each with one value per token. */
public final class LogprobFormat {
    private final List<Column> columns;

    /** The values of all tokens, between {@code before} and {@code after}, with commas between them. */
    private record Column(String before, Value value, String after) {}

    /** Appends what a column says of one token. */
    private interface Value {
        void append(Logprobs batch, int entry, StringBuilder out);
    }

    private LogprobFormat(List<Column> columns) {
        this.columns = columns;
    }

    /** Chat: one array of objects. */
    public static LogprobFormat chat(ModelTokenizer tokenizer) {
        Value entry = (batch, at, out) -> {
            out.append('{');
            chatToken(tokenizer, batch.token(at), batch.logprob(at), out);
            out.append(",\"top_logprobs\":[");
            for (int i = 0; i < batch.alternatives(at); i++) {
                out.append(i == 0 ? "{" : ",{");
                chatToken(tokenizer, batch.alternative(at, i), batch.alternativeLogprob(at, i), out);
                out.append('}');
            }
            out.append("]}");
        };
        return new LogprobFormat(List.of(new Column("{\"content\":[", entry, "],\"refusal\":null}")));
    }

    /** Completions: four arrays side by side. */
    public static LogprobFormat completion(ModelTokenizer tokenizer) {
        return new LogprobFormat(List.of(
                new Column(
                        "{\"tokens\":[",
                        (batch, at, out) -> quoted(tokenizer.tokenText(batch.token(at)), out),
                        "],\"token_logprobs\":["),
                new Column("", (batch, at, out) -> number(batch, at, out), "],\"top_logprobs\":["),
                new Column("", (batch, at, out) -> top(tokenizer, batch, at, out), "],\"text_offset\":["),
                new Column("", (batch, at, out) -> out.append(batch.offset(at)), "]}")));
    }

    private static void chatToken(ModelTokenizer tokenizer, int token, float logprob, StringBuilder out) {
        out.append("\"token\":");
        quoted(tokenizer.tokenText(token), out);
        out.append(",\"logprob\":").append(logprob).append(",\"bytes\":[");
        byte[] bytes = tokenizer.tokenBytes(token);
        for (int i = 0; i < bytes.length; i++) {
            if (i > 0) {
                out.append(',');
            }
            out.append(bytes[i] & 0xff);
        }
        out.append(']');
    }

    /** Null for a prompt's first token. */
    private static void number(Logprobs batch, int at, StringBuilder out) {
        if (batch.has(at)) {
            out.append(batch.logprob(at));
        } else {
            out.append("null");
        }
    }

    /** Of tokens with the same text the first counts. */
    private static void top(ModelTokenizer tokenizer, Logprobs batch, int at, StringBuilder out) {
        if (!batch.has(at)) {
            out.append("null");
            return;
        }
        Map<String, Float> top = new LinkedHashMap<>();
        for (int i = 0; i < batch.alternatives(at); i++) {
            top.putIfAbsent(tokenizer.tokenText(batch.alternative(at, i)), batch.alternativeLogprob(at, i));
        }
        top.putIfAbsent(tokenizer.tokenText(batch.token(at)), batch.logprob(at));
        char before = '{';
        for (Map.Entry<String, Float> each : top.entrySet()) {
            out.append(before);
            quoted(each.getKey(), out);
            out.append(':').append(each.getValue().floatValue());
            before = ',';
        }
        out.append('}');
    }

    private static void quoted(String text, StringBuilder out) {
        out.append('"');
        JsonText.escape(text, out);
        out.append('"');
    }

    /** The object for all of {@code batches}, which are not empty and must not change any more. */
    public JsonPart json(List<Logprobs> batches) {
        return new Writing(List.copyOf(batches));
    }

    /** Where the writing has come to. */
    private final class Writing implements JsonPart {
        private final List<Logprobs> batches;
        private int column;
        private int batch;
        private int entry;

        Writing(List<Logprobs> batches) {
            this.batches = batches;
        }

        @Override
        public boolean write(StringBuilder out, int length) {
            while (column < columns.size() && out.length() < length) {
                Column current = columns.get(column);
                Logprobs values = batches.get(batch);
                if (batch == 0 && entry == 0) {
                    out.append(current.before);
                } else {
                    out.append(',');
                }
                current.value.append(values, entry, out);
                entry = values.next(entry);
                if (entry == values.end()) {
                    entry = 0;
                    batch++;
                }
                if (batch == batches.size()) {
                    out.append(current.after);
                    batch = 0;
                    column++;
                }
            }
            return column == columns.size();
        }
    }
}
