package dev.baton.cluster.answers;

/** What became of a write. */
public enum Kept {
    /** It is there, by this write or by the same one before. */
    KEPT,
    /** Refused: another gateway owns the answer. */
    LOST,
    /** Refused: Redis does not know the answer, or only a part of it: it came back empty. */
    ABSENT;

    static Kept of(char letter) {
        return switch (letter) {
            case 'K' -> KEPT;
            case 'L' -> LOST;
            case 'A' -> ABSENT;
            default -> throw new IllegalStateException("Redis answers " + letter);
        };
    }
}
