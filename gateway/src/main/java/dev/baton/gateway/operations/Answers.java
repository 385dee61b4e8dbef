package dev.baton.gateway.operations;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.util.MimeType;

/** Answers of endpoints. */
final class Answers {
    private static final MimeType PROBLEM = MimeType.valueOf("application/problem+json");

    private Answers() {}

    static WebEndpointResponse<Object> of(Object body) {
        return new WebEndpointResponse<>(body);
    }

    static WebEndpointResponse<Object> problem(HttpStatus status, String detail) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        return new WebEndpointResponse<>(problem, status.value(), PROBLEM);
    }

    /** To so many places; null for what is not a number, such as a share of nothing. */
    static @Nullable Double rounded(double value, int places) {
        return Double.isFinite(value)
                ? (Double) BigDecimal.valueOf(value)
                        .setScale(places, RoundingMode.HALF_UP)
                        .doubleValue()
                : null;
    }
}
