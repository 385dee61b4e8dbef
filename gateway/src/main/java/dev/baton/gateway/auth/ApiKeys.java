package dev.baton.gateway.auth;

import dev.baton.config.HashedKeys;
import dev.baton.control.quota.LimitChange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the key file says. A plain fast hash is enough because keys are random and long: there is nothing to guess, and a
 * slow hash would cost every request. Every stored hash is compared, each in constant time, so an answer's time tells
 * nothing. Messages name lines, never what stands in them.
 */
public final class ApiKeys {
    private static final long LARGEST_FILE = 4 << 20;

    private final HashedKeys<ApiKey> keys;
    private final List<Identity> identities;

    /**
     * A key as the file has it.
     *
     * @param expires null: never
     */
    record ApiKey(Identity identity, @Nullable Instant expires) {}

    private ApiKeys(HashedKeys<ApiKey> keys, List<Identity> identities) {
        this.keys = keys;
        this.identities = List.copyOf(identities);
    }

    /**
     * Reads the file.
     *
     * @throws IllegalArgumentException when it is too large, holds no key, or a line is malformed
     * @throws UncheckedIOException when it cannot be read
     */
    public static ApiKeys read(Path file) {
        List<String> lines;
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new IllegalArgumentException(
                        "The API-key file " + file + " (setting baton.http.api-keys) is larger than 4 MiB");
            }
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot read the API-key file " + file + " (setting baton.http.api-keys)", e);
        }
        List<KeyLine> parsed = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            try {
                KeyLine.parse(lines.get(i)).ifPresent(parsed::add);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "Line " + (i + 1) + " of the API-key file " + file + " " + e.getMessage());
            }
        }
        return of(parsed, file);
    }

    private static ApiKeys of(List<KeyLine> lines, Path file) {
        Map<String, LimitChange> tenants = new HashMap<>();
        Set<String> ids = new HashSet<>();
        for (KeyLine line : lines) {
            boolean taken = switch (line) {
                case KeyLine.OfTenant tenant -> tenants.put(tenant.tenant(), tenant.limits()) != null;
                case KeyLine.OfKey key -> !ids.add(key.tenant() + " " + key.id());
            };
            if (taken) {
                throw new IllegalArgumentException("The API-key file " + file
                        + " has two lines of one tenant, or two keys of one id, for the tenant " + line.tenant());
            }
        }
        HashedKeys<ApiKey> keys = new HashedKeys<>();
        List<Identity> identities = new ArrayList<>();
        for (KeyLine line : lines) {
            if (line instanceof KeyLine.OfKey key) {
                Identity identity = new Identity(
                        key.tenant(),
                        key.id(),
                        key.highest(),
                        key.models(),
                        tenants.getOrDefault(key.tenant(), LimitChange.NOTHING),
                        key.limits());
                keys.add(new ApiKey(identity, key.expires()), key.hash());
                identities.add(identity);
            }
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "The API-key file " + file
                            + " (setting baton.http.api-keys) holds no key, so every call would be refused; add a line tenant:sha256-in-hex");
        }
        return new ApiKeys(keys, identities);
    }

    /** What the file says of this key. */
    Optional<ApiKey> find(String key) {
        return keys.ownerOf(key);
    }

    public int size() {
        return identities.size();
    }

    /** By tenant, in the order of their names. */
    public Map<String, List<Identity>> tenants() {
        Map<String, List<Identity>> all = new TreeMap<>();
        identities.forEach(identity -> all.computeIfAbsent(identity.tenant(), tenant -> new ArrayList<>())
                .add(identity));
        return all;
    }
}
