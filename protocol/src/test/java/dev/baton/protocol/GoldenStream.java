package dev.baton.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.baton.protocol.v1.Acknowledge;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Cancel;
import dev.baton.protocol.v1.Challenge;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Drain;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.Ping;
import dev.baton.protocol.v1.Pong;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Queued;
import dev.baton.protocol.v1.Resume;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;
import java.util.Map;

/** Messages of the token stream, both ways. */
final class GoldenStream {
    private static final Attempt ATTEMPT = GoldenMessages.ATTEMPT;

    private GoldenStream() {}

    static void addTo(Map<String, Message> all) {
        down(all);
        up(all);
    }

    private static void down(Map<String, Message> all) {
        GatewayMessage.Builder down = GatewayMessage.newBuilder();
        all.put(
                "down-hello",
                down.setHello(Hello.newBuilder()
                                .setGateway("gateway-0")
                                .setFrom(GoldenMessages.GATEWAY)
                                .setCluster("cluster")
                                .setExpects(GoldenMessages.WORKER)
                                .setVersion(1)
                                .setNonce(ByteString.copyFromUtf8("nonce"))
                                .setProof(ByteString.copyFromUtf8("proof")))
                        .build());
        all.put(
                "down-cancel",
                down.setCancel(Cancel.newBuilder().setRequestId("request").setAttempt(ATTEMPT))
                        .build());
        all.put(
                "down-resume",
                down.setResume(Resume.newBuilder()
                                .setRequestId("request")
                                .setAttempt(ATTEMPT)
                                .setNextIndex(300))
                        .build());
        all.put(
                "down-acknowledge",
                down.setAcknowledge(Acknowledge.newBuilder()
                                .setRequestId("request")
                                .setAttempt(ATTEMPT)
                                .setNextIndex(301))
                        .build());
        all.put("down-ping", down.setPing(Ping.newBuilder().setSentUs(99)).build());
        all.put(
                "down-drain",
                down.setDrain(Drain.newBuilder().setDraining(true)).build());
    }

    private static void up(Map<String, Message> all) {
        WorkerMessage.Builder up = WorkerMessage.newBuilder();
        all.put(
                "up-welcome",
                up.setWelcome(Welcome.newBuilder()
                                .setWorker(GoldenMessages.WORKER)
                                .setRole(WorkerState.Role.PREFILL)
                                .setCluster("cluster")
                                .setProof(ByteString.copyFromUtf8("proof")))
                        .build());
        all.put(
                "up-challenge",
                up.setChallenge(Challenge.newBuilder().setNonce(ByteString.copyFromUtf8("nonce")))
                        .build());
        all.put(
                "up-decline",
                up.setDecline(Decline.newBuilder()
                                .setRequestId("request")
                                .setAttempt(ATTEMPT)
                                .setReason(Decline.Reason.NO_STREAM)
                                .setMessage("why")
                                .setRole(WorkerState.Role.DECODE))
                        .build());
        all.put(
                "up-frame",
                up.setFrame(TokenFrame.newBuilder()
                                .addProgress(
                                        progress().setFinish(Finish.newBuilder().setReason(Finish.Reason.LENGTH)))
                                .addProgress(progress().setFailure(GoldenMessages.FAILURE))
                                .setMadeUs(1_700_000_000_000_000L))
                        .build());
        all.put(
                "up-frame-scored",
                up.setFrame(TokenFrame.newBuilder()
                                .addProgress(progress()
                                        .addLogprobs(TokenLogprob.newBuilder()
                                                .addPrompt(TokenLogprob.newBuilder()
                                                        .setLogprob(-2)
                                                        .addTopIds(5)
                                                        .addTopLogprobs(-1)))))
                        .build());
        all.put(
                "up-frame-news",
                up.setFrame(TokenFrame.newBuilder()
                                .addProgress(Progress.newBuilder()
                                        .setRequestId("request")
                                        .setAttempt(ATTEMPT)
                                        .setQueued(
                                                Queued.newBuilder().setAhead(3).setMoves(17)))
                                .addProgress(Progress.newBuilder()
                                        .setRequestId("request")
                                        .setAttempt(ATTEMPT)
                                        .setComputedTokens(4_096)))
                        .build());
        all.put(
                "up-frame-recovery",
                up.setFrame(TokenFrame.newBuilder()
                                .addProgress(Progress.newBuilder()
                                        .setRequestId("request")
                                        .setAttempt(ATTEMPT)
                                        .setKvSource(KvSource.newBuilder()
                                                .setRung(KvSource.Rung.PEER)
                                                .setTokens(300)
                                                .setFound(256))))
                        .build());
        all.put(
                "up-pong",
                up.setPong(Pong.newBuilder().setSentUs(99).setWorkerUs(100)).build());
    }

    private static Progress.Builder progress() {
        return Progress.newBuilder()
                .setRequestId("request")
                .setAttempt(ATTEMPT)
                .setFirstIndex(12)
                .addAllTokens(List.of(9, 10_000))
                .addLogprobs(TokenLogprob.newBuilder()
                        .setLogprob(-0.5f)
                        .addAllTopIds(List.of(9, 11))
                        .addAllTopLogprobs(List.of(-0.5f, -1.25f)))
                .setTiming(Timing.newBuilder()
                        .setJobSeenUs(1)
                        .setClaimedUs(2)
                        .setComputeStartedUs(3)
                        .setFirstTokenUs(4)
                        .setHandoffSentUs(5)
                        .setTransferUs(6)
                        .setExposedTransferUs(7)
                        .setTransferBytes(8)
                        .setDecodeStartedUs(9))
                .setCachedTokens(64);
    }
}
