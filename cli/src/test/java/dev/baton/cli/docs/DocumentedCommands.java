package dev.baton.cli.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The lines of a document that a reader may type: those of blocks that are indented by four or fenced (as sh or as nothing),
 * and {@code ./baton …} within the text.
 */
final class DocumentedCommands {
    private static final Pattern INLINE = Pattern.compile("`(\\./baton [^`]*)`");
    private static final Pattern COMMENT = Pattern.compile("\\s+# .*$");
    private static final String INDENT = "    ";

    /** A command and where it stands. */
    record Line(Path file, int number, String text) {
        @Override
        public String toString() {
            return file + ":" + number + ": " + text;
        }
    }

    private DocumentedCommands() {}

    /** Of README.md, CONTRIBUTING.md, docs and tools. */
    static List<Line> of(Path root) throws IOException {
        List<Line> lines = new ArrayList<>();
        for (String start : List.of("README.md", "CONTRIBUTING.md", "docs", "tools")) {
            try (Stream<Path> files = Files.walk(root.resolve(start))) {
                for (Path file : files.filter(path -> path.toString().endsWith(".md"))
                        .sorted()
                        .toList()) {
                    lines.addAll(of(root.relativize(file), Files.readAllLines(file)));
                }
            }
        }
        return lines;
    }

    static List<Line> of(Path file, List<String> document) {
        List<Line> lines = new ArrayList<>();
        boolean fenced = false;
        boolean shell = false;
        boolean block = true;
        for (int i = 0; i < document.size(); i++) {
            String line = document.get(i);
            int number = i + 1;
            if (line.startsWith("```")) {
                fenced = !fenced;
                shell = fenced
                        && List.of("", "sh", "bash").contains(line.substring(3).strip());
                continue;
            }
            boolean indented = !fenced && block && line.startsWith(INDENT);
            // An indented block begins after an empty line; else the line goes on with the one above it.
            block = line.isBlank() || indented;
            if (!fenced && !indented) {
                Matcher inline = INLINE.matcher(line);
                while (inline.find()) {
                    lines.add(new Line(file, number, inline.group(1)));
                }
            } else if ((indented || shell) && !line.isBlank()) {
                StringBuilder command = new StringBuilder(COMMENT.matcher(line).replaceFirst(""));
                while (command.toString().endsWith("\\") && i + 1 < document.size()) {
                    command.setLength(command.length() - 1);
                    command.append(COMMENT.matcher(document.get(++i).strip()).replaceFirst(""));
                }
                lines.add(new Line(file, number, command.toString().strip()));
            }
        }
        return lines;
    }
}
