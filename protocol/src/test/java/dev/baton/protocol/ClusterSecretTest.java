package dev.baton.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.baton.protocol.ClusterSecret.Purpose;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ClusterSecretTest {
    private static final ByteString SAID = ByteString.copyFromUtf8("what is said");

    private final ClusterSecret secret = new ClusterSecret("a secret of the tests");
    private final ByteString nonce = ClusterSecret.nonce();

    @Test
    void aProofHoldsForItsSecretPurposeChallengeAndWordsOnly() {
        ByteString proof = secret.proof(Purpose.GATEWAY, nonce, SAID);
        assertThat(secret.proves(proof, Purpose.GATEWAY, nonce, SAID)).isTrue();
        assertThat(new ClusterSecret("a secret of the test!").proves(proof, Purpose.GATEWAY, nonce, SAID))
                .isFalse();
        assertThat(secret.proves(proof, Purpose.WORKER, nonce, SAID)).isFalse();
        assertThat(secret.proves(proof, Purpose.GATEWAY, ClusterSecret.nonce(), SAID))
                .isFalse();
        assertThat(secret.proves(proof, Purpose.GATEWAY, nonce, SAID.concat(SAID)))
                .isFalse();
        assertThat(secret.proves(ByteString.EMPTY, Purpose.GATEWAY, nonce, SAID))
                .isFalse();
    }

    /** The bytes are HMAC-SHA256 of purpose, zero, challenge and words; computed by another library. */
    @Test
    void isTheHmacThatTheProtocolNames() {
        ByteString zeros = ByteString.copyFrom(new byte[32]);
        assertThat(HexFormat.of()
                        .formatHex(secret.proof(Purpose.WORKER, zeros, SAID).toByteArray()))
                .isEqualTo("2fe542dda8072f474680695bd74ec81de876ac97775e67db914d108cb85878ed");
        assertThat(HexFormat.of()
                        .formatHex(secret.proof(Purpose.WORKER_STATE, SAID).toByteArray()))
                .isEqualTo("48f0111a55bd1085ae0568af5decb529bad2bdcfa04368a21a4eb2ba19b0614a");
    }

    /** Else a peer could choose a challenge that ends in words of its own, and have them signed. */
    @Test
    void signsNoChallengeOfAnotherLength() {
        for (ByteString wrong : new ByteString[] {ByteString.EMPTY, nonce.substring(1), nonce.concat(SAID)}) {
            assertThatThrownBy(() -> secret.proof(Purpose.GATEWAY, wrong, SAID))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("32 bytes");
        }
    }

    @Test
    void refusesAShortSecretAndShowsNone() {
        assertThatThrownBy(() -> new ClusterSecret("short"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("baton.cluster.secret")
                .hasMessageContaining("at least 16");
        assertThat(secret.toString()).doesNotContain("tests");
        assertThat(new ClusterSecret("").isNone()).isTrue();
        assertThat(secret.isNone()).isFalse();
    }
}
