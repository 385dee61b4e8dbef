package dev.baton.gateway.limits;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Mono;

/**
 * Reads a whole request body, but never holds more than its limit, nor lets all bodies that are being read or wait to be
 * parsed hold more than theirs: many bodies that each are allowed would fill the heap. Any thread.
 */
public final class BodyReader {
    /** Of a body that is not kept, this many times the limit is read and dropped so that the client sees our answer. */
    private static final int DRAINED = 8;

    private static final Duration RETRY = Duration.ofSeconds(1);

    private final long limit;
    private final Duration timeout;
    private final long limitOfAll;
    private final AtomicLong held = new AtomicLong();

    /**
     * @param limit of one body
     * @param limitOfAll of all bodies together
     */
    public BodyReader(DataSize limit, DataSize limitOfAll, Duration timeout) {
        this.limit = limit.toBytes();
        this.limitOfAll = limitOfAll.toBytes();
        this.timeout = timeout;
    }

    /** Bytes that all bodies hold now. */
    public long held() {
        return held.get();
    }

    /** Completes with what {@code use} makes of the body, which counts for the limit of all until then. */
    public <T> Mono<T> read(ServerHttpRequest request, Function<byte[], Mono<T>> use) {
        long announced = request.getHeaders().getContentLength();
        if (announced > limit * DRAINED) {
            return Mono.error(new ApiException(ApiError.tooLarge(limit)));
        }
        return Mono.using(
                Account::new, account -> whole(request, new Collected(account)).flatMap(use), Account::close);
    }

    private Mono<byte[]> whole(ServerHttpRequest request, Collected collected) {
        return request.getBody()
                .doOnNext(collected::add)
                .then(Mono.fromSupplier(collected::bytes))
                .timeout(timeout)
                .onErrorMap(TimeoutException.class, e -> new ApiException(ApiError.bodyTooSlow(timeout)));
    }

    private final class Collected {
        private final Account account;
        private final List<byte[]> kept = new ArrayList<>();
        private long seen;
        private boolean refused;

        Collected(Account account) {
            this.account = account;
        }

        void add(DataBuffer buffer) {
            try {
                int count = buffer.readableByteCount();
                seen += count;
                if (seen > limit * DRAINED) {
                    throw new ApiException(ApiError.tooLarge(limit));
                }
                refused = refused || (seen <= limit && !account.take(count));
                if (seen <= limit && !refused) {
                    byte[] bytes = new byte[count];
                    buffer.read(bytes);
                    kept.add(bytes);
                } else {
                    kept.clear();
                    account.close();
                }
            } finally {
                DataBufferUtils.release(buffer);
            }
        }

        byte[] bytes() {
            if (seen > limit) {
                throw new ApiException(ApiError.tooLarge(limit));
            }
            if (refused) {
                throw account.refusal();
            }
            byte[] whole = new byte[(int) seen];
            int at = 0;
            for (byte[] part : kept) {
                System.arraycopy(part, 0, whole, at, part.length);
                at += part.length;
            }
            kept.clear();
            return whole;
        }
    }

    /** What one body holds. One thread at a time. */
    private final class Account implements AutoCloseable {
        private long bytes;

        /** False when the limit of all is reached: nothing was taken. */
        boolean take(long more) {
            if (held.addAndGet(more) > limitOfAll) {
                held.addAndGet(-more);
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
            held.addAndGet(-bytes);
            bytes = 0;
        }
    }
}
