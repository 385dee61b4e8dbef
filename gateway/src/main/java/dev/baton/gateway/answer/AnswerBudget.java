package dev.baton.gateway.answer;

import dev.baton.gateway.error.ApiError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.springframework.util.unit.DataSize;

/**
 * Memory of all answers that are not sent yet: whole ones in the making, and what waits for slow readers of streams. When
 * it is full, the request that holds most of it is ended, so that the others go on. Any thread.
 */
public final class AnswerBudget {
    private final long limit;
    private final AtomicLong held = new AtomicLong();
    private final Set<Account> accounts = ConcurrentHashMap.newKeySet();

    public AnswerBudget(DataSize limit) {
        this.limit = limit.toBytes();
    }

    /** Bytes that are held now. */
    public long held() {
        return held.get();
    }

    /** For one request, to be closed at its end. */
    public Account open() {
        Account account = new Account();
        accounts.add(account);
        return account;
    }

    private void makeRoom() {
        List<Runnable> evictions = new ArrayList<>();
        synchronized (this) {
            while (held.get() > limit) {
                Account most = null;
                long bytes = 0;
                for (Account account : accounts) {
                    if (account.bytes() > bytes) {
                        most = account;
                        bytes = account.bytes();
                    }
                }
                if (most == null) {
                    break;
                }
                long freed = most.end();
                boolean alone = freed > limit / 2;
                Account evicted = most;
                evictions.add(() -> evicted.whenEvicted.accept(ApiError.answersFull(limit, alone)));
            }
        }
        evictions.forEach(Runnable::run);
    }

    /** What one request holds. */
    public final class Account implements AutoCloseable {
        private volatile Consumer<ApiError> whenEvicted = error -> {};

        /** Guarded by {@code this}, like {@code ended}. */
        private long bytes;

        private boolean ended;

        private Account() {}

        /**
         * What ends the request and drops all that it holds, at once and without blocking, when the budget is full. The
         * last one set counts.
         */
        public void whenEvicted(Consumer<ApiError> drop) {
            whenEvicted = drop;
        }

        /** False when this request was ended, now or before: it keeps nothing any more. */
        boolean take(long more) {
            synchronized (this) {
                if (ended) {
                    return false;
                }
                bytes += more;
            }
            if (held.addAndGet(more) > limit) {
                makeRoom();
            }
            synchronized (this) {
                return !ended;
            }
        }

        void give(long less) {
            synchronized (this) {
                if (ended) {
                    return;
                }
                bytes -= less;
            }
            held.addAndGet(-less);
        }

        private synchronized long bytes() {
            return bytes;
        }

        /** Gives all back. */
        private long end() {
            long all;
            synchronized (this) {
                ended = true;
                all = bytes;
                bytes = 0;
            }
            accounts.remove(this);
            held.addAndGet(-all);
            return all;
        }

        @Override
        public void close() {
            end();
        }
    }
}
