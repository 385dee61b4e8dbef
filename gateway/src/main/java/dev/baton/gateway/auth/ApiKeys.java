package dev.baton.gateway.auth;

import dev.baton.config.HashedKeys;
import dev.baton.control.fairness.FairShare;
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
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the key file says. A plain fast hash is enough because keys are random and long: there is nothing to guess, and a
 * slow hash would cost every request. Every stored hash is compared, each in constant time, so an answer's time tells
 * nothing. Messages name lines, never what stands in them.
 */
public final class ApiKeys {
    private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);
    private static final long LARGEST_FILE = 4 << 20;

    private final HashedKeys<ApiKey> keys;
    private final List<Identity> identities;
    private final Map<String, Integer> weights;

    /**
     * A key as the file has it.
     *
     * @param expires null: never
     */
    record ApiKey(Identity identity, @Nullable Instant expires) {}

    private ApiKeys(HashedKeys<ApiKey> keys, List<Identity> identities, Map<String, Integer> weights) {
        this.keys = keys;
        this.identities = List.copyOf(identities);
        this.weights = Map.copyOf(weights);
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
        Map<Integer, KeyLine> parsed = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            try {
                int number = i + 1;
                KeyLine.parse(lines.get(i)).ifPresent(line -> parsed.put(number, line));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "Line " + (i + 1) + " of the API-key file " + file + " " + e.getMessage());
            }
        }
        return of(parsed, file);
    }

    /** @param lines by their numbers, in their order */
    private static ApiKeys of(Map<Integer, KeyLine> lines, Path file) {
        Map<String, LimitChange> tenants = new HashMap<>();
        Map<String, Integer> weights = new HashMap<>();
        Map<String, Integer> once = new HashMap<>();
        Set<String> withKeys = new HashSet<>();
        lines.forEach((number, line) -> {
            switch (line) {
                case KeyLine.OfTenant tenant -> {
                    unique(once, "tenant: " + tenant.tenant(), "say what holds for one tenant", number, file);
                    tenants.put(tenant.tenant(), tenant.limits());
                    weights.put(tenant.tenant(), tenant.weight());
                }
                case KeyLine.OfKey key -> {
                    // One of the two lines would hold unseen, such as an older one that never expires.
                    String hash = HexFormat.of().formatHex(key.hash());
                    unique(once, hash, "have the same key", number, file);
                    unique(once, key.tenant() + " " + key.id(), "give two keys of a tenant one id", number, file);
                    withKeys.add(key.tenant());
                }
            }
        });
        HashedKeys<ApiKey> keys = new HashedKeys<>();
        List<Identity> identities = new ArrayList<>();
        for (KeyLine line : lines.values()) {
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
        tenants.keySet().stream()
                .filter(tenant -> !withKeys.contains(tenant))
                .forEach(tenant -> LOG.warn(
                        "The API-key file {} has a line of the tenant {} but no key of it: is that name right?",
                        file,
                        tenant));
        return new ApiKeys(keys, identities, weights);
    }

    private static void unique(Map<String, Integer> once, String what, String twice, int number, Path file) {
        Integer other = once.put(what, number);
        if (other != null) {
            throw new IllegalArgumentException("Lines " + other + " and " + number + " of the API-key file " + file
                    + " " + twice + ": change or delete one of them");
        }
    }

    /** What the file says of this key. */
    Optional<ApiKey> find(String key) {
        return keys.ownerOf(key);
    }

    /** Of the work while others wait. */
    int weight(String tenant) {
        return weights.getOrDefault(tenant, FairShare.USUAL_WEIGHT);
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
