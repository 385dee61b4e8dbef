package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.stack.testing.Certificates;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.SessionTls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** KV sessions over TLS with certificates that are real, on both sides. */
@Timeout(120)
class TlsTest {
    private static final int BLOCKS = 64;
    private static final int[] SOURCE = IntStream.range(0, BLOCKS).toArray();
    private static final int[] TARGET =
            IntStream.range(0, BLOCKS).map(i -> BLOCKS - 1 - i).toArray();
    private static final int TOKENS = BLOCKS * Fixture.BLOCK_TOKENS;

    @TempDir
    static Path certificates;

    private static SSLContext prefill;
    private static SSLContext decode;
    private static SSLContext elsewhere;
    private static SSLContext intruder;

    @TempDir
    Path folder;

    private SharedPool prefillPool;
    private SharedPool decodePool;

    @BeforeAll
    static void issue() {
        Certificates cluster = new Certificates(certificates, "cluster");
        prefill = cluster.context(cluster.issue("prefill", "127.0.0.1"));
        decode = cluster.context(cluster.issue("decode", "127.0.0.1"));
        elsewhere = cluster.context(cluster.issue("elsewhere", "other.example"));
        intruder = cluster.context(new Certificates(certificates, "other").issue("stranger", "127.0.0.1"));
    }

    @BeforeEach
    void make() throws IOException {
        prefillPool = pool("prefill-0", 1);
        decodePool = pool("decode-0", 2);
        Fixture.fill(prefillPool.region(), 5);
    }

    /** Several megabytes, so that both directions are under way at one time. */
    private SharedPool pool(String worker, long epoch) throws IOException {
        KvLayout layout = KvLayout.uniform(8, 8, 64, Fixture.BLOCK_TOKENS, KvDtype.BF16, BLOCKS);
        return SharedPool.create(folder, new PoolIdentity(worker, epoch, Fixture.FINGERPRINT, layout));
    }

    @AfterEach
    void end() {
        prefillPool.close();
        decodePool.close();
    }

    @Test
    void movesTheSameBytes() throws Exception {
        assertThat(fetch(prefill, decode)).isInstanceOf(ReceiveOutcome.Arrived.class);
        assertThat(sameBytes()).isTrue();
    }

    @Test
    void refusesAReceiverWhoseCertificateAnotherAuthorityHasSigned() throws Exception {
        assertRefused(fetch(prefill, intruder));
    }

    @Test
    void refusesASenderWhoseCertificateAnotherAuthorityHasSigned() throws Exception {
        assertRefused(fetch(intruder, decode));
    }

    @Test
    void refusesASenderWhoseCertificateIsForAnotherHost() throws Exception {
        assertRefused(fetch(elsewhere, decode));
    }

    @Test
    void refusesAPeerWithoutTls() throws Exception {
        assertRefused(fetch(prefill, null));
        assertRefused(fetch(null, decode));
    }

    @Test
    void takesRenewedCertificatesFromTheNextSessionOn() throws Exception {
        AtomicReference<SSLContext> now = new AtomicReference<>(intruder);
        try (KvSender sender = Fixture.sender(prefillPool, settings(new SessionTls(now::get)))) {
            assertRefused(fetch(sender, "before", settings(tls(decode))));
            now.set(prefill);
            assertThat(fetch(sender, "after", settings(tls(decode)))).isInstanceOf(ReceiveOutcome.Arrived.class);
        }
    }

    private boolean sameBytes() {
        return Fixture.sameBytes(prefillPool.region(), SOURCE, decodePool.region(), TARGET);
    }

    private void assertRefused(ReceiveOutcome outcome) {
        assertThat(outcome).isInstanceOf(ReceiveOutcome.Failed.class);
        assertThat(sameBytes()).isFalse();
    }

    private ReceiveOutcome fetch(@Nullable SSLContext sending, @Nullable SSLContext receiving) throws Exception {
        try (KvSender sender = Fixture.sender(prefillPool, settings(tls(sending)))) {
            return fetch(sender, "r", settings(tls(receiving)));
        }
    }

    private ReceiveOutcome fetch(KvSender sender, String request, TransferSettings receiving) throws Exception {
        try (KvReceiver receiver = Fixture.receiver(decodePool, receiving)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key(request), TOKENS);
            outbound.blocks(SOURCE, TOKENS);
            outbound.completed(4711, 1);
            return Fixture.await(receiver.fetch(new TicketRequest(
                            Fixture.key(request),
                            TOKENS,
                            TARGET,
                            prefillPool.identity().worker(),
                            "127.0.0.1",
                            sender.port(),
                            Fixture.PATIENCE))
                    .completion());
        }
    }

    private static @Nullable SessionTls tls(@Nullable SSLContext context) {
        return context == null ? null : new SessionTls(() -> context);
    }

    private static TransferSettings settings(@Nullable SessionTls tls) {
        TransferSettings plain = Fixture.settings(KvTransportKind.TCP);
        return new TransferSettings(
                plain.secret(),
                tls,
                plain.machine(),
                plain.transport(),
                plain.digests(),
                plain.ticketWait(),
                plain.limits());
    }
}
