package dev.baton.cli.up;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the log of a role that failed, and says in one line why: what Spring describes, else the innermost cause. */
final class FailureCause {
    private static final int LONGEST = 400;
    private static final String DESCRIPTION = "Description:";
    private static final String ACTION = "Action:";
    private static final Pattern SETTING = Pattern.compile("(Property|Value|Reason): (.*)");
    /** A qualified class name before a message. */
    private static final Pattern EXCEPTION_NAME = Pattern.compile("^(?:[a-z_$][\\w$]*\\.)+[A-Z][\\w$]*(?:: |$)");

    private FailureCause() {}

    /** Empty when the log tells of no failure. */
    static Optional<String> in(String log) {
        List<String> lines = log.lines().map(String::strip).toList();
        int described = lines.lastIndexOf(DESCRIPTION);
        Optional<String> cause = described >= 0 ? described(lines.subList(described + 1, lines.size())) : thrown(lines);
        return cause.map(FailureCause::cut);
    }

    private static Optional<String> described(List<String> lines) {
        int end = lines.indexOf(ACTION);
        List<String> paragraph = lines.subList(0, end < 0 ? Math.min(lines.size(), 12) : end).stream()
                .filter(line -> !line.isEmpty())
                .toList();
        return Optional.of(badSetting(paragraph).orElseGet(() -> String.join(" ", paragraph)))
                .filter(text -> !text.isBlank());
    }

    /** A setting that could not be bound: {@code name = "value": reason}. */
    private static Optional<String> badSetting(List<String> paragraph) {
        String property = "";
        String value = "";
        String reason = "";
        for (String line : paragraph) {
            Matcher part = SETTING.matcher(line);
            if (part.matches()) {
                switch (part.group(1)) {
                    case "Property" -> property = part.group(2);
                    case "Value" -> value = part.group(2);
                    default -> reason = part.group(2);
                }
            }
        }
        return property.isEmpty() || reason.isEmpty()
                ? Optional.empty()
                : Optional.of("%s = %s: %s".formatted(property, value, reason));
    }

    private static Optional<String> thrown(List<String> lines) {
        return lines.reversed().stream()
                .filter(line -> line.startsWith("Caused by: "))
                .findFirst()
                .map(line -> line.substring("Caused by: ".length()))
                .or(() -> lines.reversed().stream()
                        .filter(line -> EXCEPTION_NAME.matcher(line).find() || line.contains(" ERROR "))
                        .findFirst())
                .map(FailureCause::message);
    }

    /** Without the exception's class, unless that is all there is. */
    private static String message(String line) {
        String message = EXCEPTION_NAME.matcher(line).replaceFirst("");
        return message.isBlank() ? line : message;
    }

    private static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + " …";
    }
}
