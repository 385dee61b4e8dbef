package dev.baton.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.ComputeHere;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.KvHolder;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.Repeated;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.SignedWorkerState;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import dev.baton.protocol.v1.TicketOffer;
import dev.baton.protocol.v1.UsageEvent;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Each message with every field set, to values that differ from one another, by the name of its file. */
final class GoldenMessages {
    static final Attempt ATTEMPT =
            Attempt.newBuilder().setNumber(3).setNonce(0x1122_3344_5566_7788L).build();
    static final WorkerRef WORKER = WorkerRef.newBuilder()
            .setId("decode-0")
            .setEpoch(0x0102_0304_0506_0708L)
            .build();
    static final GatewayRef GATEWAY = GatewayRef.newBuilder()
            .setId("gateway-0")
            .setEpoch(0x1112_1314_1516_1718L)
            .build();
    static final Failure FAILURE = Failure.newBuilder()
            .setCode(Failure.Code.UNKNOWN_REQUEST)
            .setMessage("why")
            .build();

    static final RequestTags TAGS = RequestTags.newBuilder()
            .setTenantClass("gold")
            .setTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .build();

    static final Map<String, Message> ALL = all();

    private GoldenMessages() {}

    private static Map<String, Message> all() {
        Map<String, Message> all = new LinkedHashMap<>();
        all.put("prefill-job", prefillJob());
        all.put("structure", structure());
        all.put(
                "generation-structured",
                Generation.newBuilder()
                        .setRequestId("request")
                        .setStructure(Structure.newBuilder().setJsonObject(true))
                        .build());
        all.put(
                "generation-scored",
                Generation.newBuilder()
                        .setRequestId("request")
                        .setSampling(Sampling.newBuilder().setLogprobs(true).setPromptLogprobs(1))
                        .build());
        all.put(
                "generation-weighted",
                Generation.newBuilder().setRequestId("request").setWeight(3).build());
        Handoff.Builder handoff =
                Handoff.newBuilder().setGeneration(generation()).setWorker(WORKER);
        all.put("handoff-ticket", handoff.setTicket(ticket()).build());
        all.put(
                "handoff-opaque",
                handoff.setOpaque(ByteString.copyFromUtf8("opaque")).build());
        all.put(
                "handoff-compute",
                handoff.setCompute(ComputeHere.getDefaultInstance()).build());
        all.put(
                "handoff-restore",
                handoff.setCompute(ComputeHere.newBuilder().setMostTokens(64).addHolders(holder()))
                        .build());
        all.put("failure", FAILURE);
        all.put("worker-state", workerState());
        all.put(
                "worker-state-still",
                workerState().toBuilder()
                        .setEngineStillMs(1_500)
                        .setLaneStillMs(250)
                        .setOldestClaimMs(40)
                        .setLeaving(true)
                        .build());
        all.put("worker-state-credit", workerState().toBuilder().setCredit(32).build());
        all.put(
                "worker-state-rates",
                workerState().toBuilder()
                        .setCredit(32)
                        .setDecodeTokensPerSecond(98.25)
                        .setPlaces(24)
                        .build());
        all.put(
                "worker-state-sampling",
                workerState().toBuilder().setSamplingVersion(1).build());
        all.put(
                "worker-state-later",
                workerState().toBuilder()
                        .setForLater(6)
                        .setQueuedTokensForLater(2_100)
                        .build());
        all.put(
                "signed-worker-state",
                SignedWorkerState.newBuilder()
                        .setState(ByteString.copyFromUtf8("state"))
                        .setProof(ByteString.copyFromUtf8("proof"))
                        .build());
        all.put("usage-event", usageEvent());
        GoldenStream.addTo(all);
        GoldenTransfer.addTo(all);
        GoldenAnswers.addTo(all);
        return all;
    }

    /** What earlier builds wrote, by the name of the file in {@code golden}, as this one reads it. */
    static Map<String, Message> older() {
        Generation generation =
                generation().toBuilder().clearOwner().clearAdapter().clearTags().build();
        Map<String, Message> older = new LinkedHashMap<>();
        beforeTags(older);
        older.put(
                "version-0/prefill-job",
                prefillJob().toBuilder()
                        .setGeneration(generation)
                        .clearWorker()
                        .clearDecode()
                        .clearHolders()
                        .build());
        Handoff.Builder handoff = Handoff.newBuilder().setGeneration(generation);
        older.put("version-0/handoff-ticket", handoff.setTicket(ticket()).build());
        older.put(
                "version-0/handoff-opaque",
                handoff.setOpaque(ByteString.copyFromUtf8("opaque")).build());
        older.put(
                "version-0/handoff-compute",
                handoff.setCompute(ComputeHere.getDefaultInstance()).build());
        older.put(
                "version-0/worker-state",
                workerState().toBuilder().clearCluster().build());
        older.put(
                "version-0/down-hello",
                GatewayMessage.newBuilder()
                        .setHello(Hello.newBuilder().setGateway("gateway-0"))
                        .build());
        older.put(
                "version-0/up-welcome",
                WorkerMessage.newBuilder()
                        .setWelcome(Welcome.newBuilder().setWorker(WORKER).setRole(WorkerState.Role.PREFILL))
                        .build());
        return older;
    }

    /** Before requests had tags and an adapter, and jobs named holders. */
    private static void beforeTags(Map<String, Message> older) {
        Generation generation =
                generation().toBuilder().clearAdapter().clearTags().build();
        older.put(
                "version-1/prefill-job",
                prefillJob().toBuilder()
                        .setGeneration(generation)
                        .clearWorker()
                        .clearDecode()
                        .clearHolders()
                        .build());
        Handoff.Builder handoff = Handoff.newBuilder().setGeneration(generation);
        older.put("version-1/handoff-ticket", handoff.setTicket(ticket()).build());
        older.put(
                "version-1/handoff-restore",
                handoff.setCompute(ComputeHere.newBuilder().setMostTokens(64)).build());
        older.put(
                "version-1/kv-ticket",
                KvMessage.newBuilder()
                        .setTicket(GoldenTransfer.ticket().toBuilder().clearTags())
                        .build());
    }

    private static Generation generation() {
        return Generation.newBuilder()
                .setRequestId("request")
                .setAttempt(ATTEMPT)
                .setModel("model")
                .setModelFingerprint(0xA1A2_A3A4_A5A6_A7A8L)
                .setTenantSalt(ByteString.copyFromUtf8("salt"))
                .addAllPrompt(List.of(1, 200, 70_000))
                .addAllAccepted(List.of(5, 600))
                .setSampling(Sampling.newBuilder()
                        .setTemperature(0.7f)
                        .setTopK(40)
                        .setTopP(0.9f)
                        .setMinP(0.05f)
                        .setRepetitionPenalty(1.1f)
                        .setPresencePenalty(0.2f)
                        .setFrequencyPenalty(0.3f)
                        .putLogitBias(17, -1.5f)
                        .putLogitBias(18, 2.5f)
                        .setSeed(0x5EED)
                        .setTopLogprobs(4)
                        .setLogprobs(true))
                .setStopping(Stopping.newBuilder()
                        .setMaxTokens(512)
                        .setMinTokens(2)
                        .addAllStopTokenIds(List.of(7, 8_000))
                        .setIgnoreEos(true))
                .setPriority(-1)
                .setDeadlineMs(1_700_000_000_000L)
                .setGateway("gateway-0")
                .setSubmittedUs(1_700_000_000_000_001L)
                .setOwner(GATEWAY)
                .setAdapter("adapter-7")
                .setTags(TAGS)
                .build();
    }

    /** One of each kind. */
    private static Structure structure() {
        Structure.Builder one = Structure.newBuilder();
        Structure literal = one.setLiteral("text").build();
        return one.setSequence(Structures.newBuilder()
                        .addOf(literal)
                        .addOf(one.clone().setToken("<|call|>"))
                        .addOf(one.clone().setRegex("a+"))
                        .addOf(one.clone().setJsonSchema("{}"))
                        .addOf(one.clone().setJsonObject(true))
                        .addOf(one.clone().setJsonValue(true))
                        .addOf(one.clone().setTextWithout("<call>"))
                        .addOf(one.clone().setAnyOf(Structures.newBuilder().addOf(literal)))
                        .addOf(one.clone()
                                .setRepeated(Repeated.newBuilder()
                                        .setOf(literal)
                                        .setBetween(literal)
                                        .setMost(3))))
                .build();
    }

    private static PrefillJob prefillJob() {
        return PrefillJob.newBuilder()
                .setGeneration(generation())
                .setDecodeLane(6)
                .setDecodeWorker("decode-0")
                .setWorker(WORKER.toBuilder().setId("prefill-0"))
                .setDecode(WORKER)
                .addHolders(holder())
                .build();
    }

    private static KvHolder.Builder holder() {
        return KvHolder.newBuilder().setWorker(WORKER).setHost("host").setPort(7_071);
    }

    private static TicketOffer ticket() {
        return TicketOffer.newBuilder()
                .setSource(WORKER)
                .setHost("10.0.0.1")
                .setPort(9_401)
                .setTokens(1_024)
                .setCachedTokens(64)
                .build();
    }

    private static WorkerState workerState() {
        return WorkerState.newBuilder()
                .setWorker(WORKER)
                .setRole(WorkerState.Role.DECODE)
                .setLane(2)
                .setHost("10.0.0.2")
                .setTokenPort(9_400)
                .setKvPort(9_401)
                .setModel("model")
                .setModelFingerprint(0xA1A2_A3A4_A5A6_A7A8L)
                .setMaxContext(2_048)
                .setBlockTokens(64)
                .setBlocks(1_000)
                .setFreeBlocks(900)
                .setQueued(3)
                .setRunning(4)
                .setQueuedTokens(5)
                .setPrefillTokensPerSecond(1_234.5)
                .setDraining(true)
                .setMachine("boot-id")
                .setExact(true)
                .setCluster("cluster")
                .build();
    }

    private static UsageEvent usageEvent() {
        return UsageEvent.newBuilder()
                .setRequestId("request")
                .setTenant("tenant")
                .setModel("model")
                .setPromptTokens(100)
                .setCachedTokens(64)
                .setCompletionTokens(20)
                .setFinishReason("stop")
                .setStartedMs(1_700_000_000_000L)
                .setFinishedMs(1_700_000_000_500L)
                .setAttempts(2)
                .build();
    }
}
