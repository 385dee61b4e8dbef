package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The merges that a vocabulary of SentencePiece implies: it merges the pair that makes the piece with the best score. In the
 * order of {@code transformers}: best first, of equals the longest left part.
 */
final class ScoredMerges {
    /** Characters that are looked at in all; a vocabulary of 256,000 pieces takes a twentieth. */
    private static final long MOST_WORK = 1L << 28;

    private ScoredMerges() {}

    record Merge(String left, String right) {}

    private record Scored(Merge merge, double score, int leftLength, int rightLength) {}

    /**
     * @param ids of all pieces
     * @param scores by id
     */
    static List<Merge> of(String file, Map<String, Integer> ids, double[] scores) throws IOException {
        List<Scored> merges = new ArrayList<>();
        long work = 0;
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            String piece = entry.getKey();
            work += (long) piece.length() * piece.length();
            if (work > MOST_WORK) {
                throw GgufFile.broken(file, "its tokens are too long to find their merges");
            }
            merges.addAll(splits(piece, ids, scores[entry.getValue()]));
        }
        merges.sort(Comparator.comparingDouble(Scored::score)
                .thenComparingInt(Scored::leftLength)
                .thenComparingInt(Scored::rightLength)
                .reversed());
        return merges.stream().map(Scored::merge).toList();
    }

    private static List<Scored> splits(String piece, Map<String, Integer> ids, double score) {
        List<Scored> splits = new ArrayList<>();
        for (int at = 1; at < piece.length(); at++) {
            String left = piece.substring(0, at);
            String right = piece.substring(at);
            if (ids.containsKey(left) && ids.containsKey(right)) {
                splits.add(new Scored(
                        new Merge(left, right),
                        score,
                        left.codePointCount(0, left.length()),
                        right.codePointCount(0, right.length())));
            }
        }
        splits.sort(Comparator.comparingInt((Scored split) -> ids.get(split.merge.left))
                .thenComparingInt(split -> ids.get(split.merge.right)));
        return splits;
    }
}
