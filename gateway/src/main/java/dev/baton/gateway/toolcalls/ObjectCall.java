package dev.baton.gateway.toolcalls;

import org.jspecify.annotations.Nullable;

/**
 * Reads one call, a JSON object, as its characters come: the name first, then the text of the arguments in pieces. A call
 * that names its arguments first has them held until its name is known.
 */
final class ObjectCall implements CallReader {
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder arguments = new StringBuilder();
    private @Nullable String name;
    private String key = "";
    private int depth;
    private boolean inString;
    private boolean escaped;
    private boolean isValue;
    private boolean begun;
    private boolean ended;

    @Override
    public void read(char c) {
        if (ended) {
            throw new IllegalStateException("the call has ended");
        }
        boolean inArguments = isValue && isArguments();
        if (inString) {
            text.append(c);
            if (inArguments) {
                begun = true;
                arguments.append(c);
            }
            boolean closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            if (closes) {
                inString = false;
                stringEnded();
            }
            return;
        }
        switch (c) {
            case '{', '[' -> depth++;
            case '}', ']' -> depth--;
            default -> {}
        }
        boolean opens = c == '{' && key.isEmpty() && !isValue;
        boolean ofCall = depth == 0 || (depth == 1 && (opens || c == ',' || c == ':'));
        if (c == '"') {
            inString = true;
            text.setLength(0);
            text.append(c);
        }
        if (ofCall) {
            isValue = c == ':';
            begun = false;
            if (c == ',') {
                key = "";
            }
            ended = depth == 0;
        } else if (inArguments && (begun || !Character.isWhitespace(c))) {
            begun = true;
            arguments.append(c);
        }
    }

    private void stringEnded() {
        if (depth != 1) {
            return;
        }
        String content = text.substring(1, text.length() - 1);
        if (!isValue) {
            key = content;
        } else if (key.equals("name")) {
            name = JsonStrings.unescaped(content);
        }
    }

    private boolean isArguments() {
        return key.equals("arguments") || key.equals("parameters");
    }

    @Override
    public boolean ended() {
        return ended;
    }

    @Override
    public @Nullable String name() {
        return name;
    }

    @Override
    public String takeArguments() {
        String taken = arguments.toString();
        arguments.setLength(0);
        return taken;
    }
}
