package dev.baton.gateway.openai;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Fields that OpenAI, vLLM or SGLang know beside those that are read here. Ones that would change the answer are refused by
 * name unless they ask for what happens anyway; ones that would not have their types checked.
 */
final class KnownFields {
    private static final int MOST_METADATA = 16;

    /** With the values that ask for nothing. */
    private static final Map<String, List<String>> REFUSED = new LinkedHashMap<>();

    private static final List<String> TEXTS =
            List.of("user", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "request_id", "rid");
    private static final List<String> FLAGS = List.of("store", "parallel_tool_calls");

    static {
        // OpenAI
        refuse("audio", "function_call", "functions", "prediction", "web_search_options", "moderation");
        REFUSED.put("verbosity", List.of("medium"));
        REFUSED.put("echo", List.of());
        REFUSED.put("suffix", List.of(""));
        // vLLM
        refuse(
                "allowed_token_ids",
                "bad_words",
                "cache_salt",
                "chat_template",
                "continue_final_message",
                "guided_decoding_backend",
                "guided_grammar",
                "guided_whitespace_pattern",
                "include_stop_str_in_output",
                "kv_transfer_params",
                "logits_processors",
                "media_io_kwargs",
                "mm_processor_kwargs",
                "prompt_embeds",
                "prompt_logprobs",
                "repetition_detection",
                "return_token_ids",
                "return_tokens_as_token_ids",
                "structural_tag",
                "thinking_token_budget",
                "truncate_prompt_tokens",
                "use_beam_search",
                "vllm_xargs");
        REFUSED.put("add_generation_prompt", List.of("true"));
        REFUSED.put("add_special_tokens", List.of("true"));
        REFUSED.put("include_reasoning", List.of("true"));
        REFUSED.put("length_penalty", List.of("1", "1.0"));
        REFUSED.put("priority", List.of("0"));
        REFUSED.put("skip_special_tokens", List.of("true"));
        REFUSED.put("spaces_between_special_tokens", List.of("true"));
        // SGLang
        refuse(
                "bootstrap_host",
                "bootstrap_port",
                "bootstrap_room",
                "custom_logit_processor",
                "custom_params",
                "data_parallel_rank",
                "ebnf",
                "extra_key",
                "input_ids",
                "lora_path",
                "min_new_tokens",
                "no_stop_trim",
                "return_hidden_states",
                "return_routed_experts",
                "session_params",
                "stop_regex",
                "thinking_budget");
        REFUSED.put("separate_reasoning", List.of("true"));
        REFUSED.put("stream_reasoning", List.of("true"));
        REFUSED.put("max_new_tokens", List.of());
    }

    private KnownFields() {}

    private static void refuse(String... names) {
        for (String name : names) {
            REFUSED.put(name, List.of());
        }
    }

    /** Whether the field is known only to be refused. */
    static boolean isRefused(String name) {
        return REFUSED.containsKey(name);
    }

    /** Adds the names of the fields that are looked at here. */
    static void addNamesTo(Set<String> names) {
        names.addAll(REFUSED.keySet());
        names.addAll(TEXTS);
        names.addAll(FLAGS);
        names.add("metadata");
    }

    /** @param but fields that the endpoint reads */
    static void check(JsonFields body, Set<String> but) {
        REFUSED.forEach((name, harmless) -> {
            if (!but.contains(name)) {
                body.unsupported(name, harmless.toArray(String[]::new));
            }
        });
        TEXTS.forEach(body::string);
        FLAGS.forEach(name -> body.flag(name, false));
        JsonFields metadata = body.object("metadata");
        if (metadata != null) {
            metadata.requireStrings(MOST_METADATA);
        }
    }
}
