package dev.baton.gateway.auth;

import dev.baton.control.fairness.FairShare;
import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A line of the key file: {@code tenant:hash}, or {@code tenant:hash:tier} with the best service tier of the key, and
 * behind a space what else holds for it, as {@code name=value}; or {@code tenant NAME} with what holds for all its keys
 * together. The hash is the SHA-256 of the key in hex.
 */
sealed interface KeyLine {
    String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";
    Pattern KEY = Pattern.compile("(" + NAME + "):([0-9a-fA-F]{64})(?::(flex|default|priority))?");
    List<String> LIMITS = List.of("requests-per-minute", "tokens-per-minute", "concurrent");
    List<String> OPTIONS = List.of("id", "expires", "models", LIMITS.get(0), LIMITS.get(1), LIMITS.get(2));
    List<String> OF_TENANT = List.of("weight", LIMITS.get(0), LIMITS.get(1), LIMITS.get(2));
    int DIGITS_OF_ID = 8;

    String tenant();

    /**
     * All keys of a tenant together.
     *
     * @param weight 1 to {@link FairShare#LARGEST_WEIGHT}
     */
    record OfTenant(String tenant, LimitChange limits, int weight) implements KeyLine {}

    /**
     * One key.
     *
     * @param id the first digits of the hash unless the line names one
     * @param expires null: never
     * @param models empty: all
     */
    record OfKey(
            String tenant,
            byte[] hash,
            String id,
            ServiceTier highest,
            @Nullable Instant expires,
            Set<String> models,
            Limits limits)
            implements KeyLine {}

    /**
     * Empty for an empty line and a comment.
     *
     * @throws IllegalArgumentException with what is wrong, without anything of the line
     */
    static Optional<KeyLine> parse(String text) {
        String line = text.strip();
        if (line.isEmpty() || line.startsWith("#")) {
            return Optional.empty();
        }
        List<String> words = List.of(line.split("\\s+"));
        if (words.getFirst().equals("tenant") && words.size() > 1) {
            if (!words.get(1).matches(NAME)) {
                throw new IllegalArgumentException(
                        "names no tenant: a name has up to 64 letters, digits, '.', '_', '-'");
            }
            Map<String, String> options = options(words.subList(2, words.size()), OF_TENANT);
            return Optional.of(new OfTenant(words.get(1), limits(options), weight(options.get("weight"))));
        }
        Matcher match = KEY.matcher(words.getFirst());
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "is not tenant:sha256-in-hex or tenant:sha256-in-hex:tier, the tier being"
                            + " flex, default or priority; make the hash with: printf %s \"$KEY\" | sha256sum");
        }
        Map<String, String> options = options(words.subList(1, words.size()), OPTIONS);
        String id = options.getOrDefault(
                "id", match.group(2).substring(0, DIGITS_OF_ID).toLowerCase(Locale.ROOT));
        if (!id.matches(NAME)) {
            throw new IllegalArgumentException("has an id that is not up to 64 letters, digits, '.', '_', '-'");
        }
        return Optional.of(new OfKey(
                match.group(1),
                HexFormat.of().parseHex(match.group(2)),
                id,
                Optional.ofNullable(match.group(3)).flatMap(ServiceTier::of).orElse(ServiceTier.DEFAULT),
                expires(options.get("expires")),
                models(options.get("models")),
                limits(options).over(Limits.NONE)));
    }

    private static Map<String, String> options(List<String> words, List<String> known) {
        Map<String, String> options = new HashMap<>();
        for (String word : words) {
            String[] parts = word.split("=", 2);
            if (parts.length < 2 || parts[1].isEmpty() || !known.contains(parts[0])) {
                throw new IllegalArgumentException("has something behind its first word that is not name=value with one"
                        + " of " + String.join(", ", known));
            }
            if (options.put(parts[0], parts[1]) != null) {
                throw new IllegalArgumentException("has " + parts[0] + " twice");
            }
        }
        return options;
    }

    private static Set<String> models(@Nullable String value) {
        if (value == null) {
            return Set.of();
        }
        Set<String> models = Set.copyOf(List.of(value.split(",", -1)));
        if (models.contains("")) {
            throw new IllegalArgumentException(
                    "has models with an empty name: write models=one,other, or leave it out for all");
        }
        return models;
    }

    private static int weight(@Nullable String value) {
        if (value == null) {
            return FairShare.USUAL_WEIGHT;
        }
        if (!value.matches("[1-9]\\d?|100")) {
            throw new IllegalArgumentException("has a weight that is no whole number from 1 to 100");
        }
        return Integer.parseInt(value);
    }

    private static LimitChange limits(Map<String, String> options) {
        return new LimitChange(
                limit(LIMITS.get(0), options), limit(LIMITS.get(1), options), limit(LIMITS.get(2), options));
    }

    private static @Nullable Long limit(String name, Map<String, String> options) {
        String value = options.get(name);
        if (value == null) {
            return null;
        }
        if (!value.matches("\\d{1,10}")) {
            throw new IllegalArgumentException("has " + name + " that is no whole number");
        }
        return Long.valueOf(value);
    }

    /** A day begins at midnight, UTC. */
    private static @Nullable Instant expires(@Nullable String value) {
        if (value == null) {
            return null;
        }
        try {
            return value.contains("T")
                    ? Instant.parse(value)
                    : LocalDate.parse(value).atStartOfDay().toInstant(ZoneOffset.UTC);
        } catch (DateTimeException showsTheText) {
            throw new IllegalArgumentException(
                    "has expires that is neither a day (2027-01-31) nor a time (2027-01-31T12:00:00Z)");
        }
    }
}
