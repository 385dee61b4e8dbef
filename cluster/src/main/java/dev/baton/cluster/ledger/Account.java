package dev.baton.cluster.ledger;

/**
 * Whose usage is summed up.
 *
 * @param key id of the key
 */
public record Account(String tenant, String key, String model) {
    /** Those beyond the most that one gateway keeps apart in a day. */
    public static final Account OTHERS = new Account("(others)", "(others)", "(others)");

    private static final char SEPARATOR = '\t';

    public Account {
        if (tenant.indexOf(SEPARATOR) >= 0 || key.indexOf(SEPARATOR) >= 0) {
            throw new IllegalArgumentException("a tab in the name of a tenant or a key");
        }
    }

    /** A word of Redis. */
    String field(String life) {
        return life + SEPARATOR + tenant + SEPARATOR + key + SEPARATOR + model;
    }

    static Account ofField(String field) {
        String[] parts = field.split("\t", 4);
        return new Account(parts[1], parts[2], parts[3]);
    }
}
