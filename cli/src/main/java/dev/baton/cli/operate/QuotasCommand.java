package dev.baton.cli.operate;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPorts;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code baton quotas [TENANT]}: limits and what is left of them; a tenant's changed for a while, or reset. */
@Command(
        name = "quotas",
        mixinStandardHelpOptions = true,
        description = "Lists the limits of tenants and what is left of them; changes a tenant's for a while.")
public final class QuotasCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(paramLabel = "TENANT", arity = "0..1", description = "Shows or changes this one alone.")
    private @Nullable String tenant;

    @Option(names = "--requests", paramLabel = "N", description = "Requests a minute; 0: no limit.")
    private @Nullable Long requests;

    @Option(names = "--tokens", paramLabel = "N", description = "Tokens a minute; 0: no limit.")
    private @Nullable Long tokens;

    @Option(names = "--concurrent", paramLabel = "N", description = "Requests at once; 0: no limit.")
    private @Nullable Long concurrent;

    @Option(
            names = "--lasting",
            paramLabel = "TIME",
            description = "How long a change holds, such as 30m or 7d (default: 1h).")
    private @Nullable String lasting;

    @Option(names = "--reset", description = "Ends a change and forgets what the last minute took.")
    private boolean reset;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        Map<String, Object> change = new HashMap<>();
        put(change, "requestsPerMinute", requests);
        put(change, "tokensPerMinute", tokens);
        put(change, "concurrent", concurrent);
        if (tenant == null && (reset || !change.isEmpty())) {
            throw new CliException("name the TENANT whose limits are to change: ./baton quotas lists them");
        }
        if (reset && !change.isEmpty()) {
            throw new CliException(
                    "--reset goes back to the configured limits: leave --requests, --tokens and" + " --concurrent out");
        }
        if (lasting != null && change.isEmpty()) {
            throw new CliException(
                    "--lasting says how long changed limits hold: give --requests, --tokens or --concurrent" + " too");
        }
        StackPorts stack = StackPorts.ofRunningStack();
        if (tenant == null) {
            JsonNode all = stack.calls().json(stack.gateway(), "quotas");
            share(all.path("shared"), out);
            print(List.copyOf(all.path("quotas").values()), out);
        } else {
            String path = "quotas/" + URLEncoder.encode(tenant, StandardCharsets.UTF_8);
            JsonNode one;
            if (reset) {
                one = stack.calls().delete(stack.gateway(), path);
            } else if (change.isEmpty()) {
                one = stack.calls().json(stack.gateway(), path);
            } else {
                change.put("lasting", lasting == null ? "1h" : lasting);
                one = stack.calls().post(stack.gateway(), path, change);
            }
            share(one.path("shared"), out);
            print(List.of(one), out);
        }
        out.flush();
    }

    static void share(JsonNode shared, PrintWriter out) {
        if (!shared.asBoolean()) {
            out.println("Redis is away: these are the shares of this gateway alone, not the whole limits");
        }
    }

    private static void put(Map<String, Object> change, String name, @Nullable Long limit) {
        if (limit != null) {
            change.put(name, limit);
        }
    }

    static void print(List<JsonNode> quotas, PrintWriter out) {
        out.println(row("TENANT", "REQUESTS/MIN", "TOKENS/MIN", "AT ONCE", "CHANGED"));
        for (JsonNode quota : quotas) {
            JsonNode override = quota.path("override");
            String changed = override.isObject()
                    ? "for "
                            + Columns.micros(
                                    1_000_000 * override.path("secondsLeft").asLong())
                    : "";
            out.println(row(quota.path("tenant").asString(""), quota, changed));
            for (JsonNode key : quota.path("keys")) {
                out.println(row("  key " + key.path("key").asString(""), key, ""));
            }
        }
        if (quotas.isEmpty()) {
            out.println("  no tenant has limits");
        }
    }

    private static String row(String who, JsonNode quota, String changed) {
        JsonNode limits = quota.path("limits");
        return row(
                who,
                part(quota.path("requestsLeft"), limits.path("requestsPerMinute")),
                part(quota.path("tokensLeft"), limits.path("tokensPerMinute")),
                part(quota.path("runningNow"), limits.path("concurrent")),
                changed);
    }

    /** What is left, or runs, of a limit; a dash where there is none. */
    private static String part(JsonNode now, JsonNode limit) {
        return limit.asLong() == 0 ? "-" : now.asString("-") + " of " + limit.asString("");
    }

    private static String row(String who, String requests, String tokens, String running, String changed) {
        return ("  " + Columns.left(who, 20) + "  " + Columns.right(requests, 14) + "  " + Columns.right(tokens, 18)
                        + "  " + Columns.right(running, 8) + "  " + Columns.left(changed, 10))
                .stripTrailing();
    }
}
