package dev.baton.gateway.auth;

import dev.baton.control.fairness.FairShare;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** Finds out by the API key of a request who sent it. */
public final class Authenticator implements AutoCloseable {
    /** The tenant of all requests when there is no key file. */
    public static final String OPEN_TENANT = "default";

    /** Where Azure's clients put the key; they may send it beside {@code Authorization}. */
    private static final String AZURE_HEADER = "api-key";

    private static final String BEARER = "bearer ";

    private final @Nullable ReloadedKeys keys;
    private final String keyHeader;
    private final InstantSource clock;

    /**
     * @param keys closed with this; null: no key is needed, the tenant is {@link #OPEN_TENANT}, and requests must be local ones
     * @param keyHeader header that carries the bare key beside {@code Authorization: Bearer}
     */
    public Authenticator(@Nullable ReloadedKeys keys, String keyHeader, InstantSource clock) {
        this.keys = keys;
        this.keyHeader = keyHeader;
        this.clock = clock;
    }

    /** Whether everybody on this machine may call. */
    public boolean isOpen() {
        return keys == null;
    }

    /** Of the tenant, as the key file says now. */
    public int weight(String tenant) {
        return keys == null ? FairShare.USUAL_WEIGHT : keys.now().weight(tenant);
    }

    public Identity identify(HttpHeaders headers) {
        if (keys == null) {
            LocalRequests.check(headers);
            return Identity.open(OPEN_TENANT);
        }
        Set<String> given = credentials(headers);
        if (given.isEmpty()) {
            throw new ApiException(
                    ApiError.invalidKey("No API key was given; send it as `Authorization: Bearer KEY` or in the header "
                            + keyHeader + "."));
        }
        if (given.size() > 1) {
            throw new ApiException(ApiError.invalidKey("The headers of this request carry different API keys."));
        }
        ApiKeys.ApiKey key = keys.now()
                .find(given.iterator().next())
                .orElseThrow(() -> new ApiException(ApiError.invalidKey("The API key given is not known here.")));
        if (key.expires() != null && !clock.instant().isBefore(key.expires())) {
            throw new ApiException(ApiError.invalidKey("The API key given has expired."));
        }
        return key.identity();
    }

    /** Tenants and their keys as the file has them now; without one, the tenant of all. */
    public Map<String, List<Identity>> tenants() {
        return keys == null
                ? Map.of(OPEN_TENANT, List.of(Identity.open(OPEN_TENANT)))
                : keys.now().tenants();
    }

    @Override
    public void close() {
        if (keys != null) {
            keys.close();
        }
    }

    /** The different keys in all headers that may carry one. */
    private Set<String> credentials(HttpHeaders headers) {
        Set<String> keysGiven = new LinkedHashSet<>();
        for (String authorization : headers.getOrEmpty(HttpHeaders.AUTHORIZATION)) {
            if (authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
                keysGiven.add(authorization.substring(BEARER.length()).strip());
            }
        }
        for (String name : List.of(keyHeader, AZURE_HEADER)) {
            headers.getOrEmpty(name).forEach(key -> keysGiven.add(key.strip()));
        }
        keysGiven.remove("");
        return keysGiven;
    }
}
