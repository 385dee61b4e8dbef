package dev.baton.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.baton.protocol.v1.KvAck;
import dev.baton.protocol.v1.KvAllDone;
import dev.baton.protocol.v1.KvCancel;
import dev.baton.protocol.v1.KvCancelled;
import dev.baton.protocol.v1.KvChallenge;
import dev.baton.protocol.v1.KvCredit;
import dev.baton.protocol.v1.KvFetch;
import dev.baton.protocol.v1.KvFound;
import dev.baton.protocol.v1.KvHello;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvLayoutDescription;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvNack;
import dev.baton.protocol.v1.KvPing;
import dev.baton.protocol.v1.KvPoolDescription;
import dev.baton.protocol.v1.KvTicket;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import java.util.Map;

/** The messages of KV sessions, and what the header of a pool file says. */
final class GoldenTransfer {
    private static final long FINGERPRINT = 0xA1A2_A3A4_A5A6_A7A8L;

    private GoldenTransfer() {}

    static void addTo(Map<String, Message> all) {
        KvMessage.Builder kv = KvMessage.newBuilder();
        all.put(
                "kv-challenge",
                kv.setChallenge(KvChallenge.newBuilder().setNonce(ByteString.copyFromUtf8("nonce")))
                        .build());
        all.put("kv-hello", kv.setHello(hello()).build());
        all.put("kv-ticket", kv.setTicket(ticket()).build());
        all.put("kv-fetch", kv.setFetch(fetch()).build());
        all.put(
                "kv-found",
                kv.setFound(KvFound.newBuilder().setTicket(27).setBlocks(2)).build());
        all.put("kv-layer-done", kv.setLayerDone(layerDone()).build());
        all.put(
                "kv-all-done",
                kv.setAllDone(KvAllDone.newBuilder()
                                .setTicket(21)
                                .setFirstToken(4_711)
                                .setComputeEndedUs(1_700_000_000_000_002L))
                        .build());
        all.put("kv-ack", kv.setAck(KvAck.newBuilder().setTicket(22)).build());
        all.put(
                "kv-nack",
                kv.setNack(KvNack.newBuilder().setTicket(23).setFailure(GoldenMessages.FAILURE))
                        .build());
        all.put("kv-cancel", kv.setCancel(KvCancel.newBuilder().setTicket(24)).build());
        all.put(
                "kv-cancelled",
                kv.setCancelled(KvCancelled.newBuilder().setTicket(25)).build());
        all.put(
                "kv-ping",
                kv.setPing(KvPing.newBuilder().setSentUs(99).setReply(true)).build());
        all.put(
                "kv-credit",
                kv.setCredit(KvCredit.newBuilder().setBytes(1 << 20)).build());
        all.put(
                "kv-pool",
                KvPoolDescription.newBuilder()
                        .setWorker(GoldenMessages.WORKER)
                        .setModelFingerprint(FINGERPRINT)
                        .setLayout(layout())
                        .setArithmetic("bf16, own products")
                        .build());
    }

    private static KvHello hello() {
        return KvHello.newBuilder()
                .setVersion(3)
                .setWorker(GoldenMessages.WORKER)
                .setModelFingerprint(FINGERPRINT)
                .setLayout(layout())
                .setMachine("boot-id")
                .addTransports(KvTransportKind.SHARED_MEMORY)
                .addTransports(KvTransportKind.TCP)
                .setHmac(ByteString.copyFromUtf8("hmac"))
                .setNonce(ByteString.copyFromUtf8("nonce"))
                .setPoolPath("/dev/shm/pool")
                .setPoolBytes(1L << 28)
                .setExpects(WorkerRef.newBuilder().setId("prefill-0").setEpoch(5))
                .setDigests(true)
                .setArithmetic("bf16, own products")
                .build();
    }

    private static KvLayoutDescription layout() {
        return KvLayoutDescription.newBuilder()
                .addGroups(KvLayoutDescription.Group.newBuilder()
                        .setFirstLayer(1)
                        .setLayers(12)
                        .setKvHeads(4)
                        .setKeyDim(64)
                        .setValueDim(128)
                        .setWindow(4_096)
                        .setFirstHead(8))
                .setBlockTokens(64)
                .setElementBytes(2)
                .setDtype("bf16")
                .setRank(1)
                .setRanks(2)
                .setBlocks(1_000)
                .setTurnedKeys(true)
                .setScaleBytes(4)
                .build();
    }

    static KvTicket ticket() {
        return KvTicket.newBuilder()
                .setTicket(19)
                .setRequestId("request")
                .setAttempt(GoldenMessages.ATTEMPT)
                .setTokens(1_024)
                .addAllBlocks(List.of(3, 300))
                .setTransport(KvTransportKind.TCP)
                .setTags(GoldenMessages.TAGS)
                .build();
    }

    private static KvFetch fetch() {
        return KvFetch.newBuilder()
                .setTicket(26)
                .setNames(ByteString.copyFromUtf8("sixteen bytes 01sixteen bytes 02"))
                .addAllBlocks(List.of(5, 500))
                .setTransport(KvTransportKind.SHARED_MEMORY)
                .setTags(GoldenMessages.TAGS)
                .build();
    }

    private static KvLayerDone layerDone() {
        return KvLayerDone.newBuilder()
                .setTicket(20)
                .setLayer(7)
                .setFromBlock(2)
                .addAllSourceBlocks(List.of(4, 400))
                .addAllDigests(List.of(0x0A0B_0C0D_0E0F_0102L, -1L, 0x1112_1314_1516_1718L, 1L))
                .setPayloadBytes(65_536)
                .build();
    }
}
