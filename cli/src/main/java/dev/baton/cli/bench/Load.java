package dev.baton.cli.bench;

import dev.baton.cli.client.ChatListener;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Asks a gateway: one streamed chat at a time by {@link #ask}, or open loop by {@link #openLoop}. */
final class Load {
    private final GatewayClient gateway;
    private final String model;
    private final Prompts prompts;

    Load(GatewayClient gateway, String model, long seed) {
        this.gateway = gateway;
        this.model = model;
        this.prompts = new Prompts(seed);
    }

    /** A chat whose answer has exactly that many tokens, and is the same each time. */
    static ObjectNode greedy(String model, String text, int maxTokens) {
        ObjectNode request = JsonMapper.shared().createObjectNode();
        request.put("model", model)
                .put("max_tokens", maxTokens)
                .put("temperature", 0)
                .put("ignore_eos", true);
        request.putArray("messages").addObject().put("role", "user").put("content", text);
        request.putObject("stream_options").put("include_usage", true);
        return request;
    }

    /** One chat of exactly {@code maxTokens} tokens, measured from {@code plannedNanos}. Failures are counted, not thrown. */
    void ask(int words, int maxTokens, long plannedNanos, Measurement into) {
        ObjectNode request = greedy(model, prompts.text(words), maxTokens);
        Stopwatch stopwatch = new Stopwatch(plannedNanos, into);
        try {
            gateway.chat(request, stopwatch);
            stopwatch.ended();
        } catch (CliException e) {
            into.failed(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Poisson arrivals at a fixed rate, whether or not earlier ones are answered. Returns when the last answer ended.
     *
     * @param atMost answers under way at once; an arrival beyond it counts as a failure
     */
    void openLoop(
            double perSecond,
            Duration duration,
            int words,
            int maxTokens,
            int atMost,
            Measurement into,
            ProgressBar bar) {
        AtomicInteger underWay = new AtomicInteger();
        long start = System.nanoTime();
        long end = start + duration.toNanos();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (long next = start + prompts.gapNanos(perSecond); next < end; next += prompts.gapNanos(perSecond)) {
                for (long wait = next - System.nanoTime(); wait > 0; wait = next - System.nanoTime()) {
                    LockSupport.parkNanos(Math.min(wait, TimeUnit.MILLISECONDS.toNanos(200)));
                    bar.show(
                            (System.nanoTime() - start) / (double) duration.toNanos(),
                            "%d answered, %d under way, %d failed"
                                    .formatted(into.answers.sum(), underWay.get(), into.failures.sum()));
                }
                if (underWay.incrementAndGet() > atMost) {
                    underWay.decrementAndGet();
                    into.failed("more than " + atMost + " answers under way: the load is beyond what is served");
                    continue;
                }
                long planned = next;
                threads.execute(() -> {
                    try {
                        ask(words, maxTokens, planned, into);
                    } finally {
                        underWay.decrementAndGet();
                    }
                });
            }
            drain(
                    threads,
                    () -> bar.show(
                            1,
                            "no more arrivals: %d answered, %d still under way, %d failed"
                                    .formatted(into.answers.sum(), underWay.get(), into.failures.sum())));
        }
        bar.done(null);
    }

    /** One chat after another, each after a pause as between arrivals: no answer waits for another one's work. */
    void oneByOne(double perSecond, Duration duration, int words, int maxTokens, Measurement into, ProgressBar bar) {
        long start = System.nanoTime();
        for (long now = start; now - start < duration.toNanos(); now = System.nanoTime()) {
            bar.show(
                    (now - start) / (double) duration.toNanos(),
                    "%d answered, %d failed".formatted(into.answers.sum(), into.failures.sum()));
            LockSupport.parkNanos(prompts.gapNanos(perSecond));
            ask(words, maxTokens, System.nanoTime(), into);
        }
        bar.done(null);
    }

    /** Waits for what still runs and shows how that goes. */
    static void drain(ExecutorService threads, Runnable show) {
        threads.shutdown();
        try {
            do {
                show.run();
            } while (!threads.awaitTermination(200, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private static final class Stopwatch implements ChatListener {
        private final long planned;
        private final Measurement into;
        private long first;
        private long last;
        private int completion;

        private Stopwatch(long planned, Measurement into) {
            this.planned = planned;
            this.into = into;
        }

        @Override
        public void text(String delta) {
            long now = System.nanoTime();
            if (first == 0) {
                first = now;
                into.ttft.addNanos(now - planned);
            } else {
                into.gaps.addNanos(now - last);
            }
            last = now;
        }

        @Override
        public void usage(JsonNode usage) {
            completion = usage.path("completion_tokens").asInt(0);
        }

        @Override
        public void timing(JsonNode timing) {
            into.timing(timing);
        }

        private void ended() {
            into.answers.increment();
            into.tokens.add(completion);
            if (completion > 1 && first != 0) {
                into.tpot.addNanos((last - first) / (completion - 1));
            }
        }
    }
}
