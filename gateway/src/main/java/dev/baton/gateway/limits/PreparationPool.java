package dev.baton.gateway.limits;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Where requests are parsed and encoded: a short body at once, on the event loop that read it; a long one, and
 * one with schemas to compile, on a few threads of its own, so that no connection waits behind another's long work.
 *
 * <p>Tenants take turns. With more than one thread a tenant never has all of them, and it may fill at most half of the
 * queue, so its bodies neither block nor push out those of others. A client that leaves takes its body out of the
 * queue, or interrupts the thread that works on it.
 */
public final class PreparationPool implements AutoCloseable {
    private static final int AT_ONCE = 8 * 1024;
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final int capacity;
    private final int threadsOfTenant;
    private final List<Thread> threads = new ArrayList<>();

    /** Round robin: the tenant that was served goes to the end. Guarded by {@code this}, like all below. */
    private final Map<String, Deque<Task<?>>> waiting = new LinkedHashMap<>();

    private final Map<String, Integer> running = new HashMap<>();
    private int waitingCount;
    private boolean closed;

    /** @param queue how many bodies may wait per thread */
    public PreparationPool(int threads, int queue) {
        this.capacity = Math.multiplyExact(threads, queue);
        this.threadsOfTenant = Math.max(1, threads - 1);
        for (int i = 0; i < threads; i++) {
            this.threads.add(
                    Thread.ofPlatform().daemon().name("baton-prepare-" + i).start(this::work));
        }
    }

    /** Whether a body of plain text can be read at once. */
    public static boolean isShort(int bodyBytes) {
        return bodyBytes <= AT_ONCE;
    }

    /** @param atOnce the work is so little that the caller's thread can do it */
    public <T> Mono<T> run(String tenant, boolean atOnce, Callable<T> work) {
        if (atOnce) {
            return Mono.fromCallable(work);
        }
        return Mono.create(sink -> {
            Task<T> task = new Task<>(tenant, work, sink);
            sink.onCancel(() -> leave(task));
            if (!enter(task)) {
                sink.error(new ApiException(
                        ApiError.overloaded("Too many long prompts and schemas are being read at once.", RETRY)));
            }
        });
    }

    private synchronized boolean enter(Task<?> task) {
        Deque<Task<?>> own = waiting.get(task.tenant);
        int most = Math.max(1, capacity / 2);
        if (closed || waitingCount >= capacity || (own != null && own.size() >= most)) {
            return false;
        }
        waiting.computeIfAbsent(task.tenant, tenant -> new ArrayDeque<>()).add(task);
        waitingCount++;
        notifyAll();
        return true;
    }

    private void leave(Task<?> task) {
        synchronized (this) {
            Deque<Task<?>> own = waiting.get(task.tenant);
            if (own != null && own.remove(task)) {
                waitingCount--;
                if (own.isEmpty()) {
                    waiting.remove(task.tenant);
                }
            }
        }
        task.cancel();
    }

    private void work() {
        while (true) {
            Task<?> task = next();
            if (task == null) {
                return;
            }
            try {
                task.run();
            } finally {
                ended(task.tenant);
            }
        }
    }

    /** Waits for the next task; null at the end. */
    private synchronized @Nullable Task<?> next() {
        while (!closed) {
            Task<?> task = takeInTurn();
            if (task != null) {
                return task;
            }
            try {
                wait();
            } catch (InterruptedException late) {
                // Meant for a task that ended just before.
            }
        }
        return null;
    }

    private @Nullable Task<?> takeInTurn() {
        for (Map.Entry<String, Deque<Task<?>>> entry : waiting.entrySet()) {
            String tenant = entry.getKey();
            Deque<Task<?>> own = entry.getValue();
            if (running.getOrDefault(tenant, 0) >= threadsOfTenant) {
                continue;
            }
            Task<?> task = own.remove();
            waitingCount--;
            waiting.remove(tenant);
            if (!own.isEmpty()) {
                waiting.put(tenant, own);
            }
            running.merge(tenant, 1, Integer::sum);
            return task;
        }
        return null;
    }

    private synchronized void ended(String tenant) {
        running.computeIfPresent(tenant, (name, count) -> count > 1 ? count - 1 : null);
        notifyAll();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        threads.forEach(Thread::interrupt);
    }

    private static final class Task<T> {
        private final String tenant;
        private final Callable<T> work;
        private final MonoSink<T> sink;

        /** Guarded by {@code this}. */
        private @Nullable Thread thread;

        private boolean cancelled;

        Task(String tenant, Callable<T> work, MonoSink<T> sink) {
            this.tenant = tenant;
            this.work = work;
            this.sink = sink;
        }

        synchronized void cancel() {
            cancelled = true;
            if (thread != null) {
                thread.interrupt();
            }
        }

        private synchronized boolean begin() {
            if (!cancelled) {
                thread = Thread.currentThread();
            }
            return !cancelled;
        }

        /** True when the result is still wanted. */
        private synchronized boolean end() {
            thread = null;
            Thread.interrupted();
            return !cancelled;
        }

        void run() {
            if (!begin()) {
                return;
            }
            T result = null;
            Throwable thrown = null;
            try {
                result = work.call();
            } catch (Exception | StackOverflowError e) {
                thrown = e;
            }
            if (!end()) {
                return;
            }
            if (thrown == null) {
                sink.success(result);
            } else {
                sink.error(thrown);
            }
        }
    }
}
