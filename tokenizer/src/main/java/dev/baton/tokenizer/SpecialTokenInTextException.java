package dev.baton.tokenizer;

/** Text of a request spells a special token and may not, or cannot be told apart from it. */
public final class SpecialTokenInTextException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String place;
    private final String fault;

    private SpecialTokenInTextException(String place, String fault) {
        super("`" + place + "` " + fault);
        this.place = place;
        this.fault = fault;
    }

    static SpecialTokenInTextException refused(String place, String token) {
        return new SpecialTokenInTextException(
                place, "spells the special token " + token + ", which text may not do here.");
    }

    static SpecialTokenInTextException inseparable(String place, String token) {
        return new SpecialTokenInTextException(
                place,
                "spells the special token " + token + ", and this model's tokenizer cannot encode that as plain text.");
    }

    /** The field of the request, such as {@code messages[2].content}. */
    public String place() {
        return place;
    }

    /** What is wrong with it, as the rest of a sentence that begins with its place. */
    public String fault() {
        return fault;
    }
}
