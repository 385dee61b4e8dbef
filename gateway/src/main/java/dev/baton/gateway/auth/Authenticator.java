package dev.baton.gateway.auth;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** Finds the tenant of a request by its API key. */
public final class Authenticator {
    /** The tenant of all requests when there is no key file. */
    public static final String OPEN_TENANT = "default";

    private final @Nullable ApiKeys keys;
    private final String keyHeader;

    /**
     * @param keys null: no key is needed, and the tenant is {@link #OPEN_TENANT}
     * @param keyHeader header that carries the bare key beside {@code Authorization: Bearer}
     */
    public Authenticator(@Nullable ApiKeys keys, String keyHeader) {
        this.keys = keys;
        this.keyHeader = keyHeader;
    }

    public String tenant(HttpHeaders headers) {
        if (keys == null) {
            return OPEN_TENANT;
        }
        String key = credential(headers);
        if (key == null) {
            throw new ApiException(
                    ApiError.invalidKey("No API key was given; send it as `Authorization: Bearer KEY` or in the header "
                            + keyHeader + "."));
        }
        return keys.tenantOf(key)
                .orElseThrow(() -> new ApiException(ApiError.invalidKey("The API key given is not known here.")));
    }

    private @Nullable String credential(HttpHeaders headers) {
        String authorization = headers.getFirst(HttpHeaders.AUTHORIZATION);
        if (authorization != null && authorization.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
            String key = authorization.substring("bearer ".length()).strip();
            return key.isEmpty() ? null : key;
        }
        String key = headers.getFirst(keyHeader);
        return key == null || key.isBlank() ? null : key.strip();
    }
}
