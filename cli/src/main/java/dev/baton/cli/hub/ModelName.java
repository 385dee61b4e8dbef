package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on a hub: {@code org/name[@revision][:file]}.
 *
 * @param revision branch, tag or commit; {@code main} when none is given
 * @param file for models that are published as GGUF: a part of the name of the file that is meant, such as {@code Q4_0}
 */
public record ModelName(String owner, String name, String revision, Optional<String> file) {
    private static final String PART = "[A-Za-z0-9_][A-Za-z0-9._-]{0,95}";
    private static final Pattern SHAPE = Pattern.compile(
            "(" + PART + ")/(" + PART + ")(?:@([A-Za-z0-9_][A-Za-z0-9._/-]{0,199}))?(?::([A-Za-z0-9._-]{1,200}))?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /** @throws CliException when the text is no such name */
    public static ModelName parse(String text) {
        Matcher parts = SHAPE.matcher(text);
        if (!parts.matches() || ambiguous(text)) {
            throw new CliException(
                    "'%.200s' is no model's name: write org/name, org/name@revision or org/name:file.gguf"
                            .formatted(text));
        }
        return new ModelName(
                parts.group(1),
                parts.group(2),
                Optional.ofNullable(parts.group(3)).orElse("main"),
                Optional.ofNullable(parts.group(4)));
    }

    /** Steps upwards and empty steps, which would make another path or another address of it. */
    private static boolean ambiguous(String text) {
        return text.contains("..")
                || text.contains("--")
                || text.contains("//")
                || text.contains("/.")
                || text.contains("/:")
                || text.endsWith("/");
    }

    /** {@code org/name}. */
    public String id() {
        return owner + "/" + name;
    }

    /** Whether the revision names one state for ever. */
    boolean pinned() {
        return isCommit(revision);
    }

    static boolean isCommit(String text) {
        return COMMIT.matcher(text).matches();
    }

    @Override
    public String toString() {
        return id()
                + (revision.equals("main") ? "" : "@" + revision)
                + file.map(part -> ":" + part).orElse("");
    }
}
