package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What docs/operations.md shows of an endpoint, and the shape by which it is compared with an answer. */
final class DocumentedExample {
    private static final Path DOC = Path.of("..", "docs", "operations.md");

    private DocumentedExample() {}

    /** The example below an endpoint's heading. */
    static JsonNode example(String endpoint, String fence) throws Exception {
        Matcher found = Pattern.compile("(?s)\n### " + endpoint + "\n.*?\n```" + fence + "\n(.*?)\n```")
                .matcher(Files.readString(DOC));
        assertThat(found.find()).as("an example of %s", endpoint).isTrue();
        return JsonMapper.shared().readTree(found.group(1));
    }

    /** The paths of all fields; keys that are data, such as a machine's id, count as one name. */
    static Set<String> shape(JsonNode node) {
        Set<String> paths = new TreeSet<>();
        collect(node, "", paths);
        // Scripted workers move no KV.
        paths.removeIf(path -> path.contains("afterwards[]"));
        return paths;
    }

    private static void collect(JsonNode node, String path, Set<String> paths) {
        boolean data = path.endsWith("machines") || path.endsWith("fingerprints") || path.endsWith("settings");
        if (node.isArray()) {
            node.forEach(element -> collect(element, path + "[]", paths));
        } else if (node.isObject()) {
            node.properties().forEach(field -> {
                String below = path + "/" + (data ? "*" : field.getKey());
                paths.add(below);
                collect(field.getValue(), below, paths);
            });
        }
    }
}
