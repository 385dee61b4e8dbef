package dev.baton.cli.chat;

import dev.baton.cli.client.ChatListener;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.cli.up.LocalStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code baton chat}: asks, streams the answer, keeps the conversation; lines typed are kept in {@code .baton/chat.history}. */
@Command(name = "chat", mixinStandardHelpOptions = true, description = "A chat in the terminal that streams.")
public final class ChatCommand implements Runnable {
    private static final String HELP =
            "/new starts over, /system TEXT sets the system prompt, /exit or Ctrl-D leaves, Ctrl-C stops an answer.";

    @Option(names = "--url", description = "Gateway (default: the one that is up here, else http://127.0.0.1:8080).")
    private @Nullable URI url;

    @Option(names = "--model", description = "Model (default: the first that is served).")
    private @Nullable String model;

    @Option(
            names = "--key",
            description = "API key (default: $${BATON_API_KEY}).",
            defaultValue = "${env:BATON_API_KEY}")
    private @Nullable String key;

    @Option(names = "--temperature", description = "0 is greedy (default: ${DEFAULT-VALUE}).", defaultValue = "0")
    private double temperature;

    private final ArrayNode messages = JsonMapper.shared().createArrayNode();

    @Override
    public void run() {
        try (Terminal terminal = TerminalBuilder.builder().name("baton").build();
                GatewayClient gateway = new GatewayClient(LocalStack.gateway(url), key)) {
            String served = model != null ? model : firstOf(gateway.models());
            Path history = Files.createDirectories(Installation.state()).resolve("chat.history");
            LineReader reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .variable(LineReader.HISTORY_FILE, history)
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .build();
            terminal.writer().println(faint(terminal, "Talking to " + served + ". " + HELP));
            converse(reader, terminal, gateway, served);
        } catch (IOException e) {
            throw new CliException("the terminal cannot be used: " + e.getMessage(), e);
        }
    }

    private static String firstOf(List<String> models) {
        if (models.isEmpty()) {
            throw new CliException("the gateway serves no model yet: is a decode worker up? See ./baton doctor");
        }
        return models.getFirst();
    }

    private void converse(LineReader reader, Terminal terminal, GatewayClient gateway, String served) {
        while (true) {
            String line;
            try {
                line = reader.readLine("you> ").strip();
            } catch (UserInterruptException e) {
                continue;
            } catch (EndOfFileException e) {
                return;
            }
            if (line.equals("/exit") || line.equals("/quit")) {
                return;
            } else if (line.equals("/new")) {
                messages.removeAll();
            } else if (line.startsWith("/system ")) {
                messages.removeAll();
                messages.addObject()
                        .put("role", "system")
                        .put("content", line.substring(8).strip());
            } else if (line.startsWith("/")) {
                terminal.writer().println(faint(terminal, HELP));
            } else if (!line.isEmpty()) {
                messages.addObject().put("role", "user").put("content", line);
                answer(terminal, gateway, served);
            }
            terminal.flush();
        }
    }

    private void answer(Terminal terminal, GatewayClient gateway, String served) {
        ObjectNode request = JsonMapper.shared().createObjectNode();
        request.put("model", served);
        request.put("temperature", temperature);
        request.set("messages", messages.deepCopy());
        request.putObject("stream_options").put("include_usage", true);
        Answer answer = new Answer(terminal.writer());
        Thread asking = Thread.currentThread();
        Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, signal -> asking.interrupt());
        try {
            gateway.chat(request, answer);
            terminal.writer().println();
            terminal.writer().println(faint(terminal, answer.summary()));
            messages.addObject().put("role", "assistant").put("content", answer.text.toString());
        } catch (CliException e) {
            boolean stopped = Thread.interrupted();
            terminal.writer().println();
            terminal.writer().println(faint(terminal, stopped ? "(stopped)" : e.getMessage()));
            messages.remove(messages.size() - 1);
        } finally {
            terminal.handle(Terminal.Signal.INT, before);
        }
    }

    private static String faint(Terminal terminal, @Nullable String text) {
        return new AttributedStringBuilder()
                .style(AttributedStyle.DEFAULT.faint())
                .append(TerminalText.of(String.valueOf(text)))
                .toAnsi(terminal);
    }

    private static final class Answer implements ChatListener {
        private final PrintWriter out;
        private final StringBuilder text = new StringBuilder();
        private final long asked = System.nanoTime();
        private long first;
        private String reason = "";
        private int tokens;

        private Answer(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void text(String delta) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CliException("stopped");
            }
            if (first == 0) {
                first = System.nanoTime();
            }
            text.append(delta);
            out.print(TerminalText.of(delta));
            out.flush();
        }

        @Override
        public void finished(String finishReason) {
            reason = finishReason;
        }

        @Override
        public void usage(JsonNode usage) {
            tokens = usage.path("completion_tokens").asInt(0);
        }

        private String summary() {
            long now = System.nanoTime();
            long start = first == 0 ? now : first;
            double rate = tokens > 1 ? (tokens - 1) / Math.max(1e-9, (now - start) / 1e9) : 0;
            return "%d tokens, first after %.0f ms, %.0f tokens/s, %s"
                    .formatted(tokens, (start - asked) / 1e6, rate, reason);
        }
    }
}
