package dev.baton.gateway.limits;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Mono;

/** Reads a whole request body, but never holds more than the limit. */
public final class BodyReader {
    /** Of a body that is too big, this many times the limit is read and dropped so that the client sees our answer. */
    private static final int DRAINED = 8;

    private final long limit;
    private final Duration timeout;

    public BodyReader(DataSize limit, Duration timeout) {
        this.limit = limit.toBytes();
        this.timeout = timeout;
    }

    public Mono<byte[]> read(ServerHttpRequest request) {
        long announced = request.getHeaders().getContentLength();
        if (announced > limit * DRAINED) {
            return Mono.error(new ApiException(ApiError.tooLarge(limit)));
        }
        return Mono.defer(() -> {
                    Collected collected = new Collected(announced);
                    return request.getBody().doOnNext(collected::add).then(Mono.fromSupplier(collected::bytes));
                })
                .timeout(timeout)
                .onErrorMap(TimeoutException.class, e -> new ApiException(ApiError.bodyTooSlow(timeout)));
    }

    private final class Collected {
        private final ByteArrayOutputStream kept;
        private long seen;

        Collected(long announced) {
            kept = new ByteArrayOutputStream((int) Math.clamp(announced, 256, Math.min(limit, 1 << 16)));
        }

        void add(DataBuffer buffer) {
            try {
                seen += buffer.readableByteCount();
                if (seen > limit * DRAINED) {
                    throw new ApiException(ApiError.tooLarge(limit));
                }
                if (seen <= limit) {
                    byte[] bytes = new byte[buffer.readableByteCount()];
                    buffer.read(bytes);
                    kept.writeBytes(bytes);
                } else {
                    kept.reset();
                }
            } finally {
                DataBufferUtils.release(buffer);
            }
        }

        byte[] bytes() {
            if (seen > limit) {
                throw new ApiException(ApiError.tooLarge(limit));
            }
            return kept.toByteArray();
        }
    }
}
