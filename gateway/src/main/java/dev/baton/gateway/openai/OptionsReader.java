package dev.baton.gateway.openai;

import dev.baton.gateway.auth.ServiceTier;
import dev.baton.gateway.error.ApiError;
import dev.baton.protocol.v1.Sampling;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the fields that both endpoints take beside the prompt, and refuses those that neither supports. */
final class OptionsReader {
    private static final int MAX_STOPS = 4;
    private static final int MAX_STOP_LENGTH = 1024;
    private static final int MAX_STOP_TOKENS = 64;
    private static final int MAX_BIASES = 1024;
    private static final int MAX_TOKENS = 10_000_000;

    private static final List<String> SUPPORTED = List.of(
            "model",
            "n",
            "best_of",
            "max_tokens",
            "max_completion_tokens",
            "min_tokens",
            "stream",
            "stream_options",
            "seed",
            "ignore_eos",
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "presence_penalty",
            "frequency_penalty",
            "repetition_penalty",
            "logit_bias",
            "stop",
            "stop_token_ids",
            "service_tier");

    private final int vocabulary;
    private final int maxChoices;
    private final Sampling defaults;

    /** @param defaults what holds where a request says nothing */
    OptionsReader(int vocabulary, int maxChoices, Sampling defaults) {
        this.vocabulary = vocabulary;
        this.maxChoices = maxChoices;
        this.defaults = defaults;
    }

    /**
     * The fields that both endpoints take beside the prompt.
     *
     * @param sampling without its seed when {@code seed} is null
     * @param seed null when the client leaves it to us
     * @param maxTokens null: the rest of the context, 16 for a text completion
     * @param stops texts to cut at
     * @param namesTier the client asked for a tier, so the answer names the one that was used
     * @param format what the text must be; null for anything
     */
    record Options(
            String model,
            int n,
            boolean stream,
            boolean includeUsage,
            Sampling sampling,
            @Nullable Long seed,
            @Nullable Integer maxTokens,
            int minTokens,
            boolean ignoreEos,
            Set<Integer> stopTokenIds,
            List<String> stops,
            ServiceTier tier,
            boolean namesTier,
            @Nullable AnswerFormat format) {
        Options {
            stopTokenIds = Set.copyOf(stopTokenIds);
            stops = List.copyOf(stops);
        }
    }

    /** Names of the fields that are read here, and {@code more}. */
    static Set<String> fieldsAnd(String... more) {
        Set<String> names = new HashSet<>(SUPPORTED);
        names.addAll(AnswerFormat.FIELDS);
        KnownFields.addNamesTo(names);
        names.addAll(List.of(more));
        return Set.copyOf(names);
    }

    int maxChoices() {
        return maxChoices;
    }

    /** @param topLogprobs alternatives per token that the client wants, null for no log probabilities */
    Options read(JsonFields body, @Nullable Integer topLogprobs) {
        return read(body, topLogprobs, Set.of(), 1);
    }

    /**
     * @param own fields that the endpoint reads beside those of both
     * @param fewest tokens of an answer
     */
    Options read(JsonFields body, @Nullable Integer topLogprobs, Set<String> own, int fewest) {
        KnownFields.check(body, own);
        int n = body.integer("n", 1, 1, maxChoices);
        if (body.integer("best_of", n, 1, maxChoices) != n) {
            throw JsonFields.invalid("best_of", "`best_of` is not supported unless it equals `n`; leave it out.");
        }
        Integer maxTokens = maxTokens(body, fewest);
        int minTokens = body.integer("min_tokens", 0, 0, MAX_TOKENS);
        if (maxTokens != null && minTokens > maxTokens) {
            throw JsonFields.invalid(
                    "min_tokens", "`min_tokens` (" + minTokens + ") is more than `max_tokens` (" + maxTokens + ").");
        }
        boolean stream = body.flag("stream", false);
        Long seed = body.wholeNumber("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        return new Options(
                body.requiredString("model"),
                n,
                stream,
                includeUsage(body, stream),
                sampling(body, topLogprobs),
                seed,
                maxTokens,
                minTokens,
                body.flag("ignore_eos", false),
                stopTokenIds(body),
                stops(body),
                tier(body),
                body.has("service_tier"),
                format(body));
    }

    private static @Nullable AnswerFormat format(JsonFields body) {
        AnswerFormat format = AnswerFormat.read(body);
        if (format != null) {
            refuseBeside(format.param(), body);
        }
        return format;
    }

    /** An answer that is guaranteed to be complete ends where it is, and not before or after. */
    static void refuseBeside(String param, JsonFields body) {
        if (body.flag("ignore_eos", false)) {
            throw JsonFields.invalid("ignore_eos", "`ignore_eos` cannot be combined with `" + param + "`.");
        }
        if (body.integer("min_tokens", 0, 0, MAX_TOKENS) > 0) {
            throw JsonFields.invalid("min_tokens", "`min_tokens` cannot be combined with `" + param + "`.");
        }
    }

    private static @Nullable Integer maxTokens(JsonFields body, int fewest) {
        Integer newer = body.integer("max_completion_tokens", fewest, MAX_TOKENS);
        Integer older = body.integer("max_tokens", fewest, MAX_TOKENS);
        return newer != null ? newer : older;
    }

    private static boolean includeUsage(JsonFields body, boolean stream) {
        JsonFields options = body.object("stream_options");
        if (options == null) {
            return false;
        }
        if (!stream) {
            throw JsonFields.invalid("stream_options", "`stream_options` is only allowed with `stream: true`.");
        }
        options.unsupported("continuous_usage_stats");
        options.flag("include_obfuscation", false);
        return options.flag("include_usage", false);
    }

    private Sampling sampling(JsonFields body, @Nullable Integer topLogprobs) {
        Sampling.Builder sampling = defaults.toBuilder()
                .setTemperature(body.number("temperature", defaults.getTemperature(), 0, 2))
                .setMinP(body.number("min_p", defaults.getMinP(), 0, 1))
                .setPresencePenalty(body.number("presence_penalty", 0, -2, 2))
                .setFrequencyPenalty(body.number("frequency_penalty", 0, -2, 2))
                .setTopK(Math.max(0, body.integer("top_k", defaults.getTopK(), -1, Integer.MAX_VALUE)));
        if (body.has("top_p")) {
            // Zero means "only the likeliest token": any share above zero keeps just that.
            sampling.setTopP(Math.max(Float.MIN_NORMAL, body.number("top_p", 1, 0, 1)));
        }
        if (body.has("repetition_penalty")) {
            sampling.setRepetitionPenalty(body.number("repetition_penalty", 1, 0.01, 10));
        }
        if (topLogprobs != null) {
            sampling.setLogprobs(true).setTopLogprobs(topLogprobs);
        }
        bias(body, sampling);
        return sampling.build();
    }

    private void bias(JsonFields body, Sampling.Builder sampling) {
        JsonNode bias = body.node("logit_bias");
        if (bias == null) {
            return;
        }
        if (!bias.isObject()) {
            throw body.wrongType("logit_bias", "an object of token ids to numbers", bias);
        }
        if (bias.size() > MAX_BIASES) {
            throw JsonFields.invalid("logit_bias", "`logit_bias` may have at most " + MAX_BIASES + " entries.");
        }
        bias.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            if (!value.isNumber()) {
                throw JsonFields.invalid(
                        "logit_bias", "`logit_bias` values must be numbers, not " + JsonFields.described(value) + ".");
            }
            sampling.putLogitBias(
                    token(entry.getKey()), JsonFields.inRange("logit_bias", value.doubleValue(), -100, 100));
        });
    }

    private int token(String id) {
        try {
            int token = Integer.parseInt(id);
            if (token >= 0 && token < vocabulary) {
                return token;
            }
        } catch (NumberFormatException notANumber) {
            // Falls through to the one message for keys that are no token.
        }
        throw JsonFields.invalid(
                "logit_bias", "`logit_bias` keys must be token ids from 0 to " + (vocabulary - 1) + ".");
    }

    private Set<Integer> stopTokenIds(JsonFields body) {
        Set<Integer> ids = new LinkedHashSet<>();
        for (JsonNode id : body.array("stop_token_ids", MAX_STOP_TOKENS)) {
            ids.add((int) JsonFields.whole("stop_token_ids", id, 0, vocabulary - 1L));
        }
        return ids;
    }

    private static List<String> stops(JsonFields body) {
        JsonNode node = body.node("stop");
        if (node == null) {
            return List.of();
        }
        List<JsonNode> given = node.isString() ? List.of(node) : body.array("stop", MAX_STOPS);
        List<String> stops = new ArrayList<>();
        for (JsonNode stop : given) {
            if (!stop.isString()
                    || stop.stringValue().isEmpty()
                    || stop.stringValue().length() > MAX_STOP_LENGTH) {
                throw JsonFields.invalid(
                        "stop",
                        "`stop` must be a string or an array of up to " + MAX_STOPS + " strings of 1 to "
                                + MAX_STOP_LENGTH + " characters.");
            }
            stops.add(stop.stringValue());
        }
        return stops;
    }

    private static ServiceTier tier(JsonFields body) {
        String label = body.string("service_tier");
        if (label == null || label.equals("auto")) {
            return ServiceTier.DEFAULT;
        }
        return ServiceTier.of(label)
                .orElseThrow(() -> JsonFields.invalid(
                        "service_tier",
                        "`service_tier` must be auto, default, flex or priority, not " + ApiError.shortened(label)
                                + "."));
    }
}
