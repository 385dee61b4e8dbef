package dev.baton.gateway;

import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The real edge in a process of its own with little memory. Each request that gets through is answered with as many
 * tokens as it may have.
 */
final class EdgeProcess implements AutoCloseable {
    private static final String READY = "edge on port ";
    private static final String HELD = "answers hold ";
    /** Tokens of one answer before the next one's. */
    private static final int TURN = 16;

    private final Process process;
    private final BufferedReader out;
    private final int port;

    private EdgeProcess(Process process, BufferedReader out, int port) {
        this.process = process;
        this.out = out;
        this.port = port;
    }

    /** @param heap as the virtual machine takes it, such as 256m */
    static EdgeProcess start(String heap, String... settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Dlogging.level.dev.baton=off",
                "-cp",
                System.getProperty("java.class.path"),
                EdgeProcess.class.getName()));
        command.addAll(List.of(settings));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(READY)) {
                return new EdgeProcess(process, out, Integer.parseInt(line.substring(READY.length())));
            }
            said.append(line).append('\n');
        }
        throw new IllegalStateException("the edge did not start:\n" + said);
    }

    int port() {
        return port;
    }

    RawHttp http() {
        return new RawHttp(port);
    }

    /** Bytes that its answers hold now. */
    long held() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(HELD)) {
                return Long.parseLong(line.substring(HELD.length()));
            }
        }
        throw new IllegalStateException("the edge has ended");
    }

    boolean alive() {
        return process.isAlive();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        process.waitFor();
    }

    static void main(String[] settings) throws Exception {
        try (EdgeServer server = EdgeServer.start(settings);
                ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor()) {
            server.dispatcher().plays(call -> {
                server.dispatcher().forgetCalls();
                workers.execute(() -> answer(call));
            });
            System.out.println(READY + server.port());
            while (System.in.read() >= 0) {
                System.out.println(HELD + server.bean(AnswerBudget.class).held());
            }
        }
    }

    /** Virtual threads are not preempted: without a turn for others, a small answer waits for the end of long ones. */
    private static void answer(ScriptedDispatcher.Call call) {
        call.admits();
        int tops = call.submission.sampling().getTopLogprobs();
        boolean logprobs = call.submission.sampling().getLogprobs();
        int[] words = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
        for (int i = 0; i < call.submission.stopping().getMaxTokens() && !call.wasCancelled(); i++) {
            TokenLogprob.Builder logprob = TokenLogprob.newBuilder().setLogprob(-1.2345678f);
            for (int top = 0; top < tops; top++) {
                logprob.addTopIds(200 + top).addTopLogprobs(-1.2345678f - top);
            }
            call.sink.token(i, words[i % words.length], logprobs ? logprob.build() : null);
            if (i % TURN == TURN - 1) {
                Thread.yield();
            }
        }
        call.finishes(Finish.Reason.LENGTH);
    }
}
