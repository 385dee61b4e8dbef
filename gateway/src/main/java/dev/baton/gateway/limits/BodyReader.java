package dev.baton.gateway.limits;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Mono;

/** Reads a whole request body, but never holds more than the limit, nor more than all bodies together may have. */
public final class BodyReader {
    /** Of a body that is not kept, this many times the limit is read and dropped so that the client sees our answer. */
    private static final int DRAINED = 8;

    private final long limit;
    private final Duration timeout;
    private final BodyBudget budget;

    public BodyReader(DataSize limit, Duration timeout, BodyBudget budget) {
        this.limit = limit.toBytes();
        this.timeout = timeout;
        this.budget = budget;
    }

    /** Completes with what {@code use} makes of the body, which counts for the budget until then. */
    public <T> Mono<T> read(ServerHttpRequest request, Function<byte[], Mono<T>> use) {
        long announced = request.getHeaders().getContentLength();
        if (announced > limit * DRAINED) {
            return Mono.error(new ApiException(ApiError.tooLarge(limit)));
        }
        return Mono.using(
                budget::open,
                account -> whole(request, new Collected(account)).flatMap(use),
                BodyBudget.Account::close);
    }

    private Mono<byte[]> whole(ServerHttpRequest request, Collected collected) {
        return request.getBody()
                .doOnNext(collected::add)
                .then(Mono.fromSupplier(collected::bytes))
                .timeout(timeout)
                .onErrorMap(TimeoutException.class, e -> new ApiException(ApiError.bodyTooSlow(timeout)));
    }

    private final class Collected {
        private final BodyBudget.Account account;
        private final List<byte[]> kept = new ArrayList<>();
        private long seen;
        private boolean refused;

        Collected(BodyBudget.Account account) {
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
}
