package dev.baton.cluster.ledger;

/**
 * Requests that workers took, and their tokens.
 *
 * @param cachedTokens of the prompt tokens, those found in a cache
 */
public record Used(long requests, long promptTokens, long cachedTokens, long completionTokens) {
    public static final Used NONE = new Used(0, 0, 0, 0);

    public Used plus(Used more) {
        return new Used(
                requests + more.requests,
                promptTokens + more.promptTokens,
                cachedTokens + more.cachedTokens,
                completionTokens + more.completionTokens);
    }

    String text() {
        return requests + " " + promptTokens + " " + cachedTokens + " " + completionTokens;
    }

    static Used of(String text) {
        String[] words = text.split(" ");
        return new Used(
                Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]));
    }
}
