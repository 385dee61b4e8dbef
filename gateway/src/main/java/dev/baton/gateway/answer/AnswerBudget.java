package dev.baton.gateway.answer;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
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
                evictions.add(most.evict());
            }
        }
        evictions.forEach(Runnable::run);
    }

    /** What one request holds. */
    public final class Account implements AutoCloseable {
        /** Guarded by {@code this}, like all below. */
        private Consumer<ApiError> whenEvicted = error -> {};

        private @Nullable ApiError eviction;
        private long bytes;
        private boolean ended;

        private Account() {}

        /**
         * What ends the request and drops all that it holds, at once and without blocking, when the budget is full. The
         * last one set counts; it is called at once when that has happened already.
         */
        public void whenEvicted(Consumer<ApiError> drop) {
            ApiError already;
            synchronized (this) {
                whenEvicted = drop;
                already = eviction;
            }
            if (already != null) {
                drop.accept(already);
            }
        }

        /**
         * Takes what an answer needs before it begins.
         *
         * @throws ApiException when that ends this request
         */
        void require(long more) {
            if (!take(more)) {
                throw new ApiException(ApiError.answersFull(limit, more > limit / 2));
            }
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

        /** Ends it to make room, and gives what tells the request so. */
        private synchronized Runnable evict() {
            ApiError error = ApiError.answersFull(limit, bytes > limit / 2);
            end();
            eviction = error;
            Consumer<ApiError> drop = whenEvicted;
            return () -> drop.accept(error);
        }

        /** Gives all back. */
        private void end() {
            long all;
            synchronized (this) {
                ended = true;
                all = bytes;
                bytes = 0;
            }
            accounts.remove(this);
            held.addAndGet(-all);
        }

        @Override
        public void close() {
            end();
        }
    }
}
