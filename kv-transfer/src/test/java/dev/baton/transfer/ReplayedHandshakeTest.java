package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvChallenge;
import dev.baton.protocol.v1.KvHello;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a listener that a worker was led to can do with the words it hears: nothing. */
@Timeout(60)
class ReplayedHandshakeTest {
    private static final int LIMIT = 64 << 10;

    @TempDir
    Path folder;

    private SharedPool prefillPool;
    private SharedPool decodePool;

    @BeforeEach
    void make() throws IOException {
        prefillPool = Fixture.pool(folder, "prefill-0", 1);
        decodePool = Fixture.pool(folder, "decode-0", 2);
    }

    @AfterEach
    void end() {
        prefillPool.close();
        decodePool.close();
    }

    @Test
    void aHelloSaidToOneChallengeOpensNoOtherSession() throws Exception {
        KvMessage heard = heardBy(ClusterSecret.nonce());
        assertThat(heard.getHello().getHmac().isEmpty())
                .as("the receiver proved the secret to the listener")
                .isFalse();
        try (KvSender sender = Fixture.sender(prefillPool, Fixture.settings(KvTransportKind.TCP));
                MessageChannel replay = new MessageChannel(
                        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), sender.port())),
                        TimeSource.system())) {
            assertThat(replay.read(LIMIT).hasChallenge()).isTrue();
            replay.write(heard);
            KvMessage answer = replay.read(LIMIT);
            assertThat(answer.getNack().getFailure().getMessage()).contains("does not know our secret");
        }
    }

    @Test
    void aChallengeOfAnotherLengthIsNotSigned() throws Exception {
        assertThat(heardBy(ClusterSecret.nonce().concat(ByteString.copyFromUtf8("and more"))))
                .isEqualTo(KvMessage.getDefaultInstance());
    }

    /** What a listener that the receiver takes for the worker hears after its challenge; nothing when it is left. */
    private KvMessage heardBy(ByteString challenge) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open();
                KvReceiver receiver = Fixture.receiver(decodePool, Fixture.settings(KvTransportKind.TCP))) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            IncomingTransfer inbound = receiver.fetch(new TicketRequest(
                    Fixture.key("r"),
                    64,
                    new int[] {1},
                    prefillPool.identity().worker(),
                    "127.0.0.1",
                    listener.socket().getLocalPort(),
                    Fixture.PATIENCE));
            KvMessage heard;
            try (MessageChannel channel = new MessageChannel(listener.accept(), TimeSource.system())) {
                channel.write(KvMessage.newBuilder()
                        .setChallenge(KvChallenge.newBuilder().setNonce(challenge))
                        .build());
                heard = channel.read(LIMIT);
                channel.write(KvMessage.newBuilder()
                        .setHello(KvHello.newBuilder().setVersion(1))
                        .build());
            } catch (IOException e) {
                heard = KvMessage.getDefaultInstance();
            }
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode())
                                    .isIn(Failure.Code.TRANSFER_FAILED, Failure.Code.BAD_REQUEST));
            return heard;
        }
    }
}
