package dev.baton.cli.operate;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPorts;
import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code baton dlq [OFFSET]}: dead letters; one of them run once more. */
@Command(
        name = "dlq",
        mixinStandardHelpOptions = true,
        description = "Lists records that could not be handled and requests taken to kill workers; runs one again.")
public final class DeadLettersCommand implements Runnable {
    private static final int SECONDS = 10;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(paramLabel = "OFFSET", arity = "0..1", description = "Of one letter, as the list gives it.")
    private @Nullable Long offset;

    @Option(names = "--redrive", description = "Runs its request once more; the tokens go to nobody.")
    private boolean redrive;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        StackPorts stack = StackPorts.ofRunningStack();
        if (offset == null) {
            if (redrive) {
                throw new CliException("--redrive needs the OFFSET of a letter: ./baton dlq lists them");
            }
            list(stack.calls().json(stack.gateway(), "dlq").path("letters"), out);
        } else if (redrive) {
            JsonNode outcome = stack.calls().post(stack.gateway(), "dlq/" + offset, Map.of("within", SECONDS + "s"));
            out.println(Columns.left(
                            "%s after %d tokens %s"
                                    .formatted(
                                            outcome.path("end").asString(""),
                                            outcome.path("tokens").asInt(),
                                            outcome.path("message").asString("")),
                            2 * Columns.WIDTH)
                    .strip());
        } else {
            JsonNode letter = stack.calls().json(stack.gateway(), "dlq/" + offset);
            letter.properties()
                    .forEach(field -> out.println(Columns.left(field.getKey(), 12)
                            + Columns.left(field.getValue().asString("-"), 500).strip()));
        }
        out.flush();
    }

    private static void list(JsonNode letters, PrintWriter out) {
        out.println(row("OFFSET", "AT", "REQUEST", "WHY"));
        letters.forEach(letter -> out.println(row(
                letter.path("offset").asString(""),
                letter.path("at").asString("").replaceFirst("\\..*", ""),
                letter.path("request").asString(""),
                letter.path("why").asString(""))));
        if (letters.isEmpty()) {
            out.println("  none");
        }
    }

    private static String row(String offset, String at, String request, String why) {
        return ("  " + Columns.right(offset, 6) + "  " + Columns.left(at, 19) + "  " + Columns.left(request, 13) + "  "
                        + Columns.left(why, 34))
                .stripTrailing();
    }
}
