package dev.baton.protocol;

/** A name that a peer has sent before it has proved anything. */
public final class UntrustedName {
    private static final int LONGEST = 64;

    private UntrustedName() {}

    /** As a log line can hold it: at most 64 characters, with '?' in place of what is not a letter, digit, '.', '_', '-'. */
    public static String printable(String name) {
        String cut = name.length() > LONGEST ? name.substring(0, LONGEST) : name;
        return cut.replaceAll("[^A-Za-z0-9._-]", "?");
    }
}
