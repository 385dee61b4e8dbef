package dev.baton.explorer;

import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.cluster.redis.ScriptRunner;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Redis as its clients meet it: on the way to it and back there is time, and any of it may fail. */
public final class RedisModel {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    static final String WORKERS = "baton:worker:";

    private final Timeline time;
    private final Random random;
    private final ScriptsModel scripts = new ScriptsModel();
    private final Deque<Runnable> waiting = new ArrayDeque<>();

    boolean away;
    boolean frozen;
    boolean readOnly;
    /** Most milliseconds that an answer takes; 0: as usual. */
    int slow;
    /** Of 100 commands: those whose request or answer is lost. */
    int lossy;

    RedisModel(Timeline time, Random random) {
        this.time = time;
        this.random = random;
    }

    void flush() {
        scripts.flush();
    }

    void wake() {
        frozen = false;
        while (!waiting.isEmpty()) {
            time.after(0, waiting.poll());
        }
    }

    long millis() {
        return time.now() / 1_000_000;
    }

    ScriptsModel scripts() {
        return scripts;
    }

    /** Of one process: answers come on that thread of it. */
    public Client client(Life.Track thread) {
        return new Client(thread);
    }

    private long way() {
        return 80_000 + random.nextInt(200_000) + (slow > 0 ? random.nextInt(slow) * 1_000_000L : 0);
    }

    private boolean lost() {
        return lossy > 0 && random.nextInt(100) < lossy;
    }

    /** What one process sees. */
    public final class Client implements ScriptRunner {
        private final Life.Track thread;

        private Client(Life.Track thread) {
            this.thread = thread;
        }

        @Override
        public CompletionStage<String> run(Script script, List<String> keys, String... arguments) {
            return ask(() -> {
                if (readOnly) {
                    throw new IllegalStateException("READONLY You can't write against a read only replica.");
                }
                return scripts.run(script, keys, arguments, millis());
            });
        }

        /** Every entry of a worker. */
        public CompletionStage<List<String>> workers() {
            return ask(() -> {
                List<String> all = new ArrayList<>();
                for (String key : scripts.keys(WORKERS, millis())) {
                    all.add(String.valueOf(scripts.value(key, millis())));
                }
                return all;
            });
        }

        /** Null for none. */
        public CompletionStage<List<@Nullable String>> values(List<String> keys) {
            return ask(() -> {
                List<@Nullable String> all = new ArrayList<>();
                keys.forEach(key -> all.add((String) scripts.value(key, millis())));
                return all;
            });
        }

        private <T> CompletionStage<T> ask(Supplier<T> command) {
            CompletableFuture<T> answer = new CompletableFuture<>();
            if (away) {
                thread.execute(() -> answer.completeExceptionally(new IllegalStateException("not connected")));
                return answer;
            }
            if (!lost()) {
                time.after(way(), () -> arrive(() -> apply(command, answer)));
            }
            thread.later(TIMEOUT, () -> answer.completeExceptionally(new TimeoutException("no answer")));
            return answer;
        }

        private <T> void apply(Supplier<T> command, CompletableFuture<T> answer) {
            T value;
            try {
                value = command.get();
            } catch (IllegalStateException e) {
                thread.after(way(), () -> answer.completeExceptionally(e));
                return;
            }
            if (!lost()) {
                thread.after(way(), () -> answer.complete(value));
            }
        }

        private void arrive(Runnable command) {
            if (frozen) {
                waiting.add(() -> arrive(command));
            } else if (!away) {
                command.run();
            }
        }
    }
}
