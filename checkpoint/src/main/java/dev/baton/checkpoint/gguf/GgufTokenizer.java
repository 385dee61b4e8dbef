package dev.baton.checkpoint.gguf;

import dev.baton.checkpoint.gguf.GgufVocabulary.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The tokenizer of a file, as the {@code tokenizer.json} and the files beside it that it was made from. */
final class GgufTokenizer {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String MARK = "\u2581";
    /** Tokens that end an answer in the families that are read, whatever the file calls the end. */
    private static final List<String> ENDS = List.of(
            "<|eot_id|>",
            "<|eom_id|>",
            "<|im_end|>",
            "<|end|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<EOT>");

    private final GgufMetadata metadata;
    private final Architecture architecture;
    private final GgufVocabulary vocabulary;
    private final Map<String, Integer> pieces;
    private final boolean bytes;

    private GgufTokenizer(GgufFile file) throws IOException {
        metadata = file.metadata();
        architecture = Architecture.of(metadata);
        String kind = metadata.text("tokenizer.ggml.model").orElse("(none)");
        bytes = kind.equals("gpt2");
        if (!bytes && !kind.equals("llama")) {
            throw new IOException(
                    "%s: tokenizer.ggml.model is %.100s, which is not supported; supported are gpt2, llama"
                            .formatted(metadata.file(), kind));
        }
        GgufTensor embedding = file.tensors().get("token_embd.weight");
        vocabulary = GgufVocabulary.of(metadata, embedding == null ? 0 : embedding.rows(), !bytes);
        pieces = vocabulary.ids();
        if (architecture.gemma() && !bytes) {
            spellTab(pieces);
        }
    }

    /** @throws IOException when the tokenizer is of a kind that is not supported */
    static GgufTokenizer of(GgufFile file) throws IOException {
        return new GgufTokenizer(file);
    }

    /** {@code tokenizer.json}. */
    ObjectNode json() throws IOException {
        ObjectNode json = JSON.objectNode();
        json.put("version", "1.0");
        json.putNull("truncation");
        json.putNull("padding");
        json.set("added_tokens", addedTokens());
        if (bytes) {
            byteLevel(json);
        } else {
            sentencePiece(json);
        }
        return json;
    }

    private ArrayNode addedTokens() {
        ArrayNode added = JSON.arrayNode();
        for (int id = 0; id < vocabulary.size(); id++) {
            switch (vocabulary.kind(id)) {
                case CONTROL -> added.add(added(id, true));
                case USER_DEFINED -> added.add(added(id, false));
                // An unknown token may be asked for by name, as a control token may.
                case UNKNOWN -> added.add(added(id, true));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
        return added;
    }

    private ObjectNode added(int id, boolean special) {
        return JSON.objectNode()
                .put("id", id)
                .put("content", vocabulary.token(id))
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    private void byteLevel(ObjectNode json) throws IOException {
        PreTokenizer pre = PreTokenizer.of(metadata);
        if (pre.composes()) {
            json.set("normalizer", JSON.objectNode().put("type", "NFC"));
        } else {
            json.putNull("normalizer");
        }
        json.set("pre_tokenizer", pre.json());
        json.set("post_processor", frame(pre.addsBos()));
        json.set(
                "decoder",
                JSON.objectNode()
                        .put("type", "ByteLevel")
                        .put("add_prefix_space", true)
                        .put("trim_offsets", true)
                        .put("use_regex", true));
        List<String> merges = metadata.texts("tokenizer.ggml.merges")
                .orElseThrow(() -> GgufFile.broken(metadata.file(), "it has no tokenizer.ggml.merges"));
        ObjectNode model = model(false, pre.ignoresMerges());
        ArrayNode pairs = model.putArray("merges");
        for (String merge : merges) {
            int space = merge.indexOf(' ', 1);
            if (space < 0) {
                throw GgufFile.broken(metadata.file(), "merge '%.100s' is no pair".formatted(merge));
            }
            pair(pairs, merge.substring(0, space), merge.substring(space + 1));
        }
        json.set("model", model);
    }

    private void sentencePiece(ObjectNode json) throws IOException {
        boolean prefix = !architecture.gemma()
                && metadata.flag("tokenizer.ggml.add_space_prefix").orElse(true);
        ArrayNode normalizers = JSON.arrayNode();
        if (prefix) {
            normalizers.add(JSON.objectNode().put("type", "Prepend").put("prepend", MARK));
        }
        normalizers.add(replace(" ", MARK));
        json.set("normalizer", JSON.objectNode().put("type", "Sequence").set("normalizers", normalizers));
        json.putNull("pre_tokenizer");
        json.set("post_processor", frame(true));
        ArrayNode decoders = JSON.arrayNode();
        decoders.add(replace(MARK, " "));
        decoders.add(JSON.objectNode().put("type", "ByteFallback"));
        decoders.add(JSON.objectNode().put("type", "Fuse"));
        if (prefix) {
            decoders.add(JSON.objectNode()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0));
        }
        json.set("decoder", JSON.objectNode().put("type", "Sequence").set("decoders", decoders));
        ObjectNode model = model(true, false);
        ArrayNode pairs = model.putArray("merges");
        for (ScoredMerges.Merge merge : ScoredMerges.of(metadata.file(), pieces, scores())) {
            pair(pairs, merge.left(), merge.right());
        }
        json.set("model", model);
    }

    /** Gemma's vocabulary has the tab as a byte only, and pieces that begin with it. */
    private static void spellTab(Map<String, Integer> pieces) {
        Integer tab = pieces.get("<0x09>");
        if (tab != null && !pieces.containsKey("\t")) {
            pieces.remove("<0x09>");
            pieces.put("\t", tab);
        }
    }

    /** Gemma's scores do not follow the order of its merges; the order of its tokens does. */
    private double[] scores() throws IOException {
        double[] scores = new double[vocabulary.size()];
        if (architecture.gemma()) {
            for (int id = 0; id < scores.length; id++) {
                scores[id] = -id;
            }
            return scores;
        }
        double[] stored = metadata.numbers("tokenizer.ggml.scores")
                .orElseThrow(() -> GgufFile.broken(metadata.file(), "it has no tokenizer.ggml.scores"));
        if (stored.length != scores.length) {
            throw GgufFile.broken(
                    metadata.file(), "it has %d tokens and the scores of %d".formatted(scores.length, stored.length));
        }
        return stored;
    }

    private static ObjectNode replace(String pattern, String content) {
        return JSON.objectNode()
                .put("type", "Replace")
                .set("pattern", JSON.objectNode().put("String", pattern))
                .put("content", content);
    }

    private void pair(ArrayNode pairs, String left, String right) throws IOException {
        if (!pieces.containsKey(left) || !pieces.containsKey(right) || !pieces.containsKey(left + right)) {
            throw GgufFile.broken(
                    metadata.file(), "a merge of '%.100s' and '%.100s', which are no tokens".formatted(left, right));
        }
        pairs.addArray().add(left).add(right);
    }

    private ObjectNode model(boolean byteFallback, boolean ignoreMerges) throws IOException {
        ObjectNode model = JSON.objectNode();
        model.put("type", "BPE");
        model.putNull("dropout");
        Optional<Integer> unknown = vocabulary.special("unknown");
        model.set(
                "unk_token", unknown.isPresent() ? JSON.stringNode(vocabulary.token(unknown.get())) : JSON.nullNode());
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", byteFallback);
        model.put("byte_fallback", byteFallback);
        model.put("ignore_merges", ignoreMerges);
        ObjectNode vocab = model.putObject("vocab");
        pieces.forEach(vocab::put);
        return model;
    }

    /** What is put around a text: nothing, or the tokens that begin and end a sequence. */
    private JsonNode frame(boolean bosByDefault) throws IOException {
        Optional<Integer> bos = special("bos");
        Optional<Integer> eos = special("eos");
        boolean begins = metadata.flag("tokenizer.ggml.add_bos_token").orElse(bosByDefault) && bos.isPresent();
        boolean ends = metadata.flag("tokenizer.ggml.add_eos_token").orElse(false) && eos.isPresent();
        if (!begins && !ends) {
            return JSON.nullNode();
        }
        ArrayNode single = JSON.arrayNode();
        ArrayNode pair = JSON.arrayNode();
        ObjectNode tokens = JSON.objectNode();
        for (int part = 0; part < 2; part++) {
            ArrayNode around = part == 0 ? single : pair;
            for (int sequence = 0; sequence <= part; sequence++) {
                if (begins) {
                    around.add(inFrame("SpecialToken", vocabulary.token(bos.get()), sequence));
                }
                around.add(inFrame("Sequence", sequence == 0 ? "A" : "B", sequence));
                if (ends) {
                    around.add(inFrame("SpecialToken", vocabulary.token(eos.get()), sequence));
                }
            }
        }
        if (begins) {
            tokens.set(vocabulary.token(bos.get()), named(bos.get()));
        }
        if (ends) {
            tokens.set(vocabulary.token(eos.get()), named(eos.get()));
        }
        return JSON.objectNode()
                .put("type", "TemplateProcessing")
                .set("single", single)
                .set("pair", pair)
                .set("special_tokens", tokens);
    }

    private static ObjectNode inFrame(String kind, String id, int sequence) {
        ObjectNode of = JSON.objectNode().put("id", id).put("type_id", sequence);
        return JSON.objectNode().set(kind, of);
    }

    private ObjectNode named(int id) {
        ObjectNode named = JSON.objectNode().put("id", vocabulary.token(id));
        named.putArray("ids").add(id);
        named.putArray("tokens").add(vocabulary.token(id));
        return named;
    }

    private Optional<Integer> special(String name) throws IOException {
        Optional<Integer> id = vocabulary.special(name);
        if (id.isPresent() || bytes) {
            return id;
        }
        int byDefault = name.equals("bos") ? 1 : 2;
        return byDefault < vocabulary.size() && vocabulary.kind(byDefault) == Kind.CONTROL
                ? Optional.of(byDefault)
                : Optional.empty();
    }

    /** {@code tokenizer_config.json}. */
    ObjectNode config() throws IOException {
        ObjectNode config = JSON.objectNode();
        special("bos").ifPresent(id -> config.put("bos_token", vocabulary.token(id)));
        special("eos").ifPresent(id -> config.put("eos_token", vocabulary.token(id)));
        vocabulary.special("unknown").ifPresent(id -> config.put("unk_token", vocabulary.token(id)));
        vocabulary.special("padding").ifPresent(id -> config.put("pad_token", vocabulary.token(id)));
        chatTemplates(config);
        return config;
    }

    private void chatTemplates(ObjectNode config) throws IOException {
        Optional<String> alone = metadata.text("tokenizer.chat_template");
        List<String> names = metadata.texts("tokenizer.chat_templates").orElse(List.of());
        if (names.isEmpty()) {
            alone.ifPresent(template -> config.put("chat_template", template));
            return;
        }
        ArrayNode templates = config.putArray("chat_template");
        alone.ifPresent(template -> templates.addObject().put("name", "default").put("template", template));
        for (String name : names) {
            metadata.text("tokenizer.chat_template." + name)
                    .ifPresent(
                            template -> templates.addObject().put("name", name).put("template", template));
        }
    }

    /** {@code generation_config.json}: the tokens that end an answer. */
    ObjectNode generationConfig() throws IOException {
        TreeSet<Integer> ends = new TreeSet<>();
        special("eos").ifPresent(ends::add);
        vocabulary.special("eot").ifPresent(ends::add);
        vocabulary.special("eom").ifPresent(ends::add);
        for (String end : ENDS) {
            Integer id = pieces.get(end);
            if (id != null && vocabulary.kind(id) == Kind.CONTROL) {
                ends.add(id);
            }
        }
        ObjectNode config = JSON.objectNode();
        ArrayNode eos = config.putArray("eos_token_id");
        ends.forEach(eos::add);
        special("bos").ifPresent(id -> config.put("bos_token_id", id));
        return config;
    }
}
