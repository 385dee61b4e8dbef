package dev.baton.gateway.limits;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.util.unit.DataSize;

/** Bytes of all bodies that are being read or wait to be parsed. Without it many that each may be would fill the heap. */
public final class BodyBudget {
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    public BodyBudget(DataSize limit) {
        this.limit = limit.toBytes();
    }

    /** Bytes that are held now. */
    public long taken() {
        return taken.get();
    }

    Account open() {
        return new Account();
    }

    /** What one body has taken. One thread at a time. */
    final class Account implements AutoCloseable {
        private long bytes;

        /** False when it is no longer there: nothing was taken. */
        boolean take(long more) {
            if (taken.addAndGet(more) > limit) {
                taken.addAndGet(-more);
                return false;
            }
            bytes += more;
            return true;
        }

        ApiException refusal() {
            return new ApiException(ApiError.overloaded(
                    "Too many request bodies are being read at once (setting baton.http.max-bodies).", RETRY));
        }

        /** Gives all of it back. */
        @Override
        public void close() {
            taken.addAndGet(-bytes);
            bytes = 0;
        }
    }
}
