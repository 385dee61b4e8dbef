package dev.baton.transfer.session;

import com.google.protobuf.ByteString;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvChallenge;
import dev.baton.protocol.v1.KvHello;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvNack;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.pool.LayoutCodec;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a session begins. The sender challenges; the receiver proves the secret and says who it is; the sender checks,
 * proves the secret in turn and answers; the receiver checks. Only an authenticated receiver learns anything of the
 * sender, its pool's path included. Each side refuses what cannot work before a byte moves.
 */
public final class Handshake {
    /** Version of the session's messages. Blocks are fetched by name since version 3; older ones are refused. */
    public static final int VERSION = 3;

    private static final int LIMIT = 64 << 10;

    private final SharedPool pool;
    private final ClusterSecret secret;
    private final String machine;
    private final TransportChoice transport;
    private final boolean digests;

    public Handshake(
            SharedPool pool, ClusterSecret secret, String machine, TransportChoice transport, boolean digests) {
        this.pool = pool;
        this.secret = secret;
        this.machine = machine;
        this.transport = transport;
        this.digests = digests;
    }

    /** The sender's part. */
    public Peer accept(MessageChannel channel) throws IOException {
        ByteString nonce = ClusterSecret.nonce();
        channel.write(KvMessage.newBuilder()
                .setChallenge(KvChallenge.newBuilder().setNonce(nonce))
                .build());
        KvHello hello = hello(channel);
        try {
            Peer peer = check(hello, ClusterSecret.Purpose.RECEIVER, nonce, null);
            WorkerRef own = pool.identity().worker();
            if (!hello.getExpects().equals(own)) {
                throw refused(
                        Failure.Code.SUPERSEDED,
                        "worker %s of epoch %016x is gone, here is %s of epoch %016x"
                                .formatted(
                                        hello.getExpects().getId(),
                                        hello.getExpects().getEpoch(),
                                        own.getId(),
                                        own.getEpoch()));
            }
            channel.write(message(sign(describe().build(), ClusterSecret.Purpose.SENDER, hello.getNonce())));
            return peer;
        } catch (SessionRefused e) {
            channel.write(nack(e.failure()));
            throw e;
        }
    }

    /** The receiver's part. */
    public Peer open(MessageChannel channel, WorkerRef expected) throws IOException {
        KvMessage first = channel.read(LIMIT);
        if (first.getMessageCase() != KvMessage.MessageCase.CHALLENGE) {
            throw unexpected(first);
        }
        ByteString nonce = ClusterSecret.nonce();
        KvHello own = describe().setNonce(nonce).setExpects(expected).build();
        channel.write(message(
                sign(own, ClusterSecret.Purpose.RECEIVER, first.getChallenge().getNonce())));
        try {
            return check(hello(channel), ClusterSecret.Purpose.SENDER, nonce, expected);
        } catch (SessionRefused e) {
            channel.write(nack(e.failure()));
            throw e;
        }
    }

    private KvHello.Builder describe() {
        PoolIdentity identity = pool.identity();
        KvHello.Builder hello = KvHello.newBuilder()
                .setVersion(VERSION)
                .setWorker(identity.worker())
                .setModelFingerprint(identity.modelFingerprint())
                .setArithmetic(identity.arithmetic())
                .setLayout(LayoutCodec.describe(identity.layout()))
                .setMachine(machine)
                .addAllTransports(transport.kinds())
                .setPoolBytes(identity.layout().bytes())
                .setDigests(digests);
        if (transport.kinds().contains(KvTransportKind.SHARED_MEMORY)) {
            hello.setPoolPath(pool.path().toString());
        }
        return hello;
    }

    private static KvHello hello(MessageChannel channel) throws IOException {
        KvMessage message = channel.read(LIMIT);
        return switch (message.getMessageCase()) {
            case HELLO -> message.getHello();
            case NACK -> throw new SessionRefused(message.getNack().getFailure());
            case CHALLENGE,
                    TICKET,
                    FETCH,
                    FOUND,
                    LAYER_DONE,
                    ALL_DONE,
                    ACK,
                    CANCEL,
                    CANCELLED,
                    PING,
                    CREDIT,
                    MESSAGE_NOT_SET -> throw unexpected(message);
        };
    }

    /** Signs everything that a hello says, for the peer's challenge. */
    private KvHello sign(KvHello hello, ClusterSecret.Purpose purpose, ByteString challenge) throws SessionRefused {
        try {
            return hello.toBuilder()
                    .setHmac(secret.proof(purpose, challenge, unsigned(hello)))
                    .build();
        } catch (IllegalArgumentException e) {
            throw refused(Failure.Code.BAD_REQUEST, "KV session: " + e.getMessage());
        }
    }

    private static ByteString unsigned(KvHello hello) {
        return hello.toBuilder().clearHmac().build().toByteString();
    }

    private Peer check(KvHello hello, ClusterSecret.Purpose purpose, ByteString nonce, @Nullable WorkerRef expected)
            throws SessionRefused {
        if (!secret.proves(hello.getHmac(), purpose, nonce, unsigned(hello))) {
            throw refused(
                    Failure.Code.TRANSFER_FAILED,
                    "the peer does not know our secret: set %s alike on all workers".formatted(ClusterSecret.SETTING));
        }
        if (hello.getVersion() != VERSION) {
            throw refused(
                    Failure.Code.TRANSFER_FAILED,
                    "KV session version %d here, %d there: run the same Baton on all workers"
                            .formatted(VERSION, hello.getVersion()));
        }
        if (expected != null && !expected.equals(hello.getWorker())) {
            throw refused(
                    Failure.Code.SUPERSEDED,
                    "expected worker %s of epoch %016x, found %s of epoch %016x"
                            .formatted(
                                    expected.getId(),
                                    expected.getEpoch(),
                                    hello.getWorker().getId(),
                                    hello.getWorker().getEpoch()));
        }
        return agree(hello);
    }

    private Peer agree(KvHello hello) throws SessionRefused {
        PoolIdentity own = pool.identity();
        PoolIdentity theirs;
        try {
            theirs = new PoolIdentity(
                    hello.getWorker().getId(),
                    hello.getWorker().getEpoch(),
                    hello.getModelFingerprint(),
                    hello.getArithmetic(),
                    LayoutCodec.layout(hello.getLayout()));
        } catch (IllegalArgumentException e) {
            throw refused(Failure.Code.MODEL_MISMATCH, "the peer's hello makes no sense: " + e.getMessage());
        }
        if (theirs.modelFingerprint() != own.modelFingerprint()) {
            throw refused(
                    Failure.Code.MODEL_MISMATCH,
                    "model fingerprint %016x (%s) here, %016x (%s) there: load the same model with the same dtype"
                            .formatted(
                                    own.modelFingerprint(),
                                    own.arithmetic(),
                                    theirs.modelFingerprint(),
                                    theirs.arithmetic()));
        }
        if (!theirs.arithmetic().equals(own.arithmetic())) {
            throw refused(
                    Failure.Code.MODEL_MISMATCH,
                    "KV is computed in %s here, in %s there: run the same Baton with the same baton.engine settings"
                            .formatted(own.arithmetic(), theirs.arithmetic()));
        }
        if (!own.layout().compatibleWith(theirs.layout())) {
            throw refused(
                    Failure.Code.MODEL_MISMATCH,
                    "KV layouts differ, %s here, %s there: set the same block size and dtype, and share the model among ranks alike"
                            .formatted(own.layout(), theirs.layout()));
        }
        if (hello.getDigests() != digests) {
            throw refused(Failure.Code.MODEL_MISMATCH, "digests are on here or there only: set them alike");
        }
        List<KvTransportKind> common = transport.kinds().stream()
                .filter(hello.getTransportsList()::contains)
                .toList();
        if (common.isEmpty()) {
            throw refused(
                    Failure.Code.TRANSFER_FAILED,
                    "no common KV transport: %s here, %s there".formatted(transport, hello.getTransportsList()));
        }
        return new Peer(theirs, hello.getMachine(), common, hello.getPoolPath());
    }

    private static SessionRefused refused(Failure.Code code, String message) {
        return new SessionRefused(code, message);
    }

    private static SessionRefused unexpected(KvMessage message) {
        return refused(Failure.Code.BAD_REQUEST, "unexpected in a handshake: " + message.getMessageCase());
    }

    private static KvMessage message(KvHello hello) {
        return KvMessage.newBuilder().setHello(hello).build();
    }

    /** Says why the whole session ends. */
    public static KvMessage nack(Failure failure) {
        return KvMessage.newBuilder()
                .setNack(KvNack.newBuilder().setFailure(failure))
                .build();
    }
}
