package dev.baton.cluster.answers;

/**
 * An answer in the hands of one owner: each takeover adds one to the epoch.
 *
 * @param model that it is of: only gateways of that model take it over
 */
public record OwnedAnswer(AnswerKey key, String model, long epoch) {
    public OwnedAnswer next() {
        return new OwnedAnswer(key, model, epoch + 1);
    }

    /** As it stands among the leases. */
    String member() {
        return epoch + " " + key.id() + " " + key.tenant();
    }

    static OwnedAnswer of(String member, String model) {
        String[] words = member.split(" ", 3);
        return new OwnedAnswer(new AnswerKey(words[2], words[1]), model, Long.parseLong(words[0]));
    }
}
