package dev.baton.gateway.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the key file may say. */
class ApiKeysTest {
    private static final String SECRET = "bk-5ec2e7";
    private static final String HASH = hash(SECRET);

    @TempDir
    private Path folder;

    private static String hash(String key) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private ApiKeys read(String text) throws Exception {
        Path file = folder.resolve("keys");
        Files.writeString(file, text);
        return ApiKeys.read(file);
    }

    @Test
    void aBareLineMeansADefaultTierForEverAndNoLimits() throws Exception {
        ApiKeys.ApiKey key = read("acme:" + HASH + "\n").find(SECRET).orElseThrow();
        assertThat(key.expires()).isNull();
        assertThat(key.identity())
                .isEqualTo(new Identity(
                        "acme", HASH.substring(0, 8), ServiceTier.DEFAULT, Set.of(), LimitChange.NOTHING, Limits.NONE));
        assertThat(key.identity().mayUse("any")).isTrue();
    }

    @Test
    void aLineMaySayMoreOfAKeyAndAnotherOfItsTenant() throws Exception {
        ApiKeys keys = read(
                "acme:" + HASH + ":priority id=ci expires=2027-01-31 models=demo,other"
                        + " requests-per-minute=60 concurrent=4\n# as a team\ntenant acme tokens-per-minute=9000 concurrent=0\n");
        ApiKeys.ApiKey key = keys.find(SECRET).orElseThrow();
        assertThat(key.expires()).isEqualTo(Instant.parse("2027-01-31T00:00:00Z"));
        assertThat(key.identity())
                .isEqualTo(new Identity(
                        "acme",
                        "ci",
                        ServiceTier.PRIORITY,
                        Set.of("demo", "other"),
                        new LimitChange(null, 9_000L, 0L),
                        new Limits(60, 0, 4)));
        assertThat(key.identity().mayUse("third")).isFalse();
        assertThat(keys.tenants()).containsOnlyKeys("acme");
        assertThat(keys.find(SECRET + "x")).isEmpty();
    }

    @Test
    void aTenantMayHaveAWeight() throws Exception {
        ApiKeys keys = read("tenant acme weight=100 concurrent=2\nacme:" + HASH + "\n");
        assertThat(keys.weight("acme")).isEqualTo(100);
        assertThat(keys.weight("of whom nothing is said")).isEqualTo(1);
    }

    @Test
    void namesBothOfTwoLinesThatDoNotGoTogether() {
        String other = hash("bk-0t4e2");
        assertThatThrownBy(() -> read("# mine\nacme:" + HASH + " expires=2027-01-31\nacme:" + HASH + " id=ci\n"))
                .hasMessageStartingWith("Lines 2 and 3 of the API-key file")
                .hasMessageContaining("the same key");
        assertThatThrownBy(() -> read("acme:" + HASH + " id=ci\n\nacme:" + other + " id=ci\n"))
                .hasMessageStartingWith("Lines 1 and 3 of the API-key file")
                .hasMessageContaining("one id");
        assertThatThrownBy(() -> read("tenant acme concurrent=1\nacme:" + HASH + "\ntenant acme concurrent=2\n"))
                .hasMessageStartingWith("Lines 1 and 3 of the API-key file")
                .hasMessageContaining("one tenant");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "acme:HASH SECRET",
                "acme:HASH SECRET=1",
                "acme:HASH id=a id=b",
                "acme:HASH id=a:SECRET",
                "acme:HASH id=",
                "acme:HASH expires=SECRET",
                "acme:HASH expires=2027-02-30",
                "acme:HASH requests-per-minute=SECRET",
                "acme:HASH concurrent=-1",
                "acme:HASH tokens-per-minute=9999999999",
                "acme:HASH:SECRET",
                "acme:SECRET",
                "SECRET",
                "tenant a:SECRET\nacme:HASH",
                "tenant acme models=SECRET\nacme:HASH",
                "tenant acme concurrent=1\ntenant acme concurrent=2\nacme:HASH",
                "acme:HASH\nacme:HASH",
                "acme:HASH\nother:HASH id=other",
                "acme:HASH models=,",
                "acme:HASH models=demo,",
                "tenant acme concurrent=1",
                "tenant acme weight=0\nacme:HASH",
                "tenant acme weight=101\nacme:HASH",
                "tenant acme weight=SECRET\nacme:HASH",
                "acme:HASH weight=2",
            })
    void refusesWhatItDoesNotKnowAndRepeatsNoneOfIt(String text) {
        assertThatThrownBy(() -> read(text.replace("HASH", HASH).replace("SECRET", SECRET)))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .contains(folder.toString())
                .doesNotContain(SECRET)
                .doesNotContain(HASH);
    }
}
