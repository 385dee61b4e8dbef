package dev.baton.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** What the normalizer and a Metaspace step do to single characters, as far as a cut needs to know. */
final class NormalizerView {
    /** Stands for a space in vocabularies of SentencePiece. */
    static final char MARK = '\u2581';

    private final Map<Integer, Integer> replaced = new HashMap<>();
    private final List<String> patterns = new ArrayList<>();
    private boolean prepends;
    private boolean asciiOnly;
    private boolean lowers;
    private boolean unclear;

    private NormalizerView() {}

    static NormalizerView of(JsonNode normalizer, JsonNode preTokenizer) {
        NormalizerView view = new NormalizerView();
        view.add(normalizer);
        if (holdsMetaspace(preTokenizer)) {
            view.replaced.put((int) ' ', (int) MARK);
        }
        return view;
    }

    private static boolean holdsMetaspace(JsonNode step) {
        if (step.path("type").asString("").equals("Metaspace")) {
            return true;
        }
        for (JsonNode inner : step.path("pretokenizers")) {
            if (holdsMetaspace(inner)) {
                return true;
            }
        }
        return false;
    }

    private void add(JsonNode step) {
        switch (step.path("type").asString("none")) {
            case "none" -> {}
            case "Sequence" -> step.path("normalizers").forEach(this::add);
            case "Prepend" -> {
                prepends = true;
                unclear |= !step.path("prepend").asString("").equals(String.valueOf(MARK));
            }
            case "Replace" -> replace(step);
            // A space never joins what stands before it, nor does one ASCII character another.
            case "NFC", "NFD", "NFKC", "NFKD" -> asciiOnly = true;
            case "Lowercase" -> {
                asciiOnly = true;
                lowers = true;
            }
            default -> unclear = true;
        }
    }

    private void replace(JsonNode step) {
        String pattern = step.path("pattern").path("String").asString("");
        String content = step.path("content").asString("");
        if (pattern.length() == 1 && content.length() == 1) {
            replaced.put((int) pattern.charAt(0), (int) content.charAt(0));
        } else if (!pattern.isEmpty()) {
            patterns.add(pattern);
        } else {
            unclear = true;
        }
    }

    /** It puts a mark before every text. */
    boolean prepends() {
        return prepends;
    }

    /** Whether it handles both sides by themselves when a text is cut between these two. */
    boolean keepsApart(int left, int right) {
        if (unclear || asciiOnly && (left > 0x7E || right > 0x7E) || prepends && right != ' ') {
            return false;
        }
        return patterns.stream().noneMatch(p -> p.indexOf(left) >= 0 || p.indexOf(right) >= 0);
    }

    /** What the character has become for the steps that follow. */
    int map(int codePoint) {
        int lowered = lowers ? Character.toLowerCase(codePoint) : codePoint;
        return replaced.getOrDefault(lowered, lowered);
    }
}
