package dev.baton.stack;

import java.security.SecureRandom;
import java.util.HexFormat;

/** A name and a password that a store asks its clients for. Does not show the password. */
public record Login(String user, String password) {
    private static final int RANDOM_BYTES = 24;
    private static final SecureRandom RANDOM = new SecureRandom();

    public Login {
        if (!user.matches("[A-Za-z0-9_-]{1,32}")) {
            throw new IllegalArgumentException("a user is 1 to 32 letters, digits, '_' or '-', not '" + user + "'");
        }
        checkPassword(password);
    }

    /** A password of 192 random bits, in hex. */
    public static String randomPassword() {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** What can stand in quotes in the configuration of Redis and of Kafka. */
    static void checkPassword(String password) {
        if (password.isEmpty() || password.chars().anyMatch(c -> c <= ' ' || c == '"' || c == '\\' || c == ';')) {
            throw new IllegalArgumentException(
                    "a password must not be empty or contain blanks, quotes, semicolons or backslashes");
        }
    }

    @Override
    public String toString() {
        return "Login[" + user + ", password not shown]";
    }
}
