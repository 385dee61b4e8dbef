package dev.baton.gateway.toolcalls;

import org.jspecify.annotations.Nullable;

/** A call that is its name, something behind it, and the object of its arguments. */
final class NamedCall implements CallReader {
    private final String afterName;
    private final StringBuilder name = new StringBuilder();
    private final StringBuilder arguments = new StringBuilder();
    private boolean named;
    private int depth;
    private boolean inString;
    private boolean escaped;
    private boolean ended;

    /** @param afterName what ends the name; what else stands before the arguments has no braces */
    NamedCall(String afterName) {
        this.afterName = afterName;
    }

    @Override
    public void read(char c) {
        if (ended) {
            throw new IllegalStateException("the call has ended");
        }
        if (!named) {
            name.append(c);
            int end = name.length() - afterName.length();
            if (end >= 0 && name.indexOf(afterName, end) == end) {
                name.setLength(end);
                named = true;
            }
            return;
        }
        if (depth == 0 && c != '{') {
            return;
        }
        arguments.append(c);
        if (inString) {
            inString = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            return;
        }
        switch (c) {
            case '"' -> inString = true;
            case '{', '[' -> depth++;
            case '}', ']' -> ended = --depth == 0;
            default -> {}
        }
    }

    @Override
    public boolean ended() {
        return ended;
    }

    @Override
    public @Nullable String name() {
        return named ? name.toString() : null;
    }

    @Override
    public String takeArguments() {
        String taken = arguments.toString();
        arguments.setLength(0);
        return taken;
    }
}
