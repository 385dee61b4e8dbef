package dev.baton.control.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.admission.Capacity;
import dev.baton.control.routing.Placement.Assignment;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.protocol.v1.WorkerState.Role;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlacementTest {
    private static final int LOCAL_TOKENS = 64;

    /** Full blocks of a sequence of 2,000 tokens. */
    private static final List<BlockHash> PROMPT =
            IntStream.range(0, 31).mapToObj(i -> new BlockHash(1, i)).toList();

    private final WorkerState dead = worker("d0", Role.DECODE, "host-a");
    private final WorkerState neighbour = worker("d1", Role.DECODE, "host-a");
    private final WorkerState elsewhere = worker("d2", Role.DECODE, "host-b");
    private final WorkerState prefill = worker("p0", Role.PREFILL, "host-b");
    private final FaultLedger ledger = new FaultLedger(() -> Instant.EPOCH, 2, Duration.ofSeconds(1));
    private List<WorkerState> live = List.of();
    private Placement placement = placement(ServingMode.AUTO);

    @Test
    void aSequenceWhoseWorkerDiedGoesOnOnTheHostThatHoldsItsKv() {
        place(List.of(dead, neighbour, elsewhere, prefill), null);
        Assignment assignment = place(List.of(elsewhere, neighbour, prefill), dead.getWorker());
        assertThat(assignment.route().decode().worker()).isEqualTo(neighbour.getWorker());
        assertThat(assignment.route().computesAtDecode()).isTrue();
        assertThat(assignment.mostComputed())
                .as("it declines what it would have to compute, for a prefill worker is there")
                .isEqualTo(LOCAL_TOKENS);
    }

    @Test
    void aSequenceWhoseWorkerLeavesGoesToOneThatHasRoomForIt() {
        WorkerState roomy = neighbour.toBuilder().setFreeBlocks(40).build();
        WorkerState full = elsewhere.toBuilder().setFreeBlocks(20).build();
        live = List.of(dead, full, prefill);
        assertThat(successor()).as("2,000 tokens are 32 blocks").isEmpty();
        live = List.of(dead, prefill);
        assertThat(successor()).as("it is not its own successor").isEmpty();
        live = List.of(dead, full, roomy, prefill);
        Assignment assignment = successor().orElseThrow();
        assertThat(assignment.route().decode().worker()).isEqualTo(roomy.getWorker());
        assertThat(assignment.route().computesAtDecode())
                .as("its KV lies on that host")
                .isTrue();
    }

    @Test
    void successorsThatNoHeartbeatShowsYetTakeRoomFromOneAnother() {
        live = List.of(dead, neighbour.toBuilder().setFreeBlocks(70).build());
        Assignment first = successor().orElseThrow();
        Assignment second = successor().orElseThrow();
        assertThat(successor()).as("2 x 32 of 70 blocks are promised").isEmpty();

        placement.unanswered(first);
        placement.release(first);
        assertThat(successor()).as("one was not needed").isPresent();
        assertThat(successor()).isEmpty();

        placement.answered(second);
        assertThat(successor()).as("its blocks are in the worker's own figure").isPresent();
    }

    /** The prefill worker has the prompt too, but not the answer. */
    @Test
    void aSuccessorOnAnotherHostAsksTheWorkerThatLeaves() {
        WorkerState leaving = dead.toBuilder().setKvPort(7).build();
        WorkerState other = elsewhere.toBuilder().setFreeBlocks(90).setKvPort(8).build();
        Assignment first =
                place(List.of(leaving, prefill.toBuilder().setKvPort(9).build()), null);
        placement.decoded(first, PROMPT);
        live = List.of(leaving, other, prefill.toBuilder().setKvPort(9).build());
        Assignment assignment = successor().orElseThrow();
        assertThat(assignment.route().decode().worker()).isEqualTo(other.getWorker());
        assertThat(assignment.holder())
                .isEqualTo(leaving.toBuilder().setDraining(true).build());
    }

    private Optional<Assignment> successor() {
        return placement.placeSuccessor("m", PROMPT, 2_000, 100, wishes(dead.getWorker()));
    }

    @Test
    void equalWorkersTakeTurns() {
        for (List<WorkerState> workers :
                List.of(List.of(dead, neighbour, prefill), List.of(dead, neighbour, elsewhere))) {
            long decoders = workers.stream()
                    .filter(worker -> worker.getRole() == Role.DECODE)
                    .count();
            Set<String> taken = new HashSet<>();
            for (int i = 0; i < decoders; i++) {
                Assignment assignment = place(workers, null);
                taken.add(assignment.route().decode().worker().getId());
                placement.answered(assignment);
                placement.release(assignment);
            }
            assertThat(taken).hasSize((int) decoders);
        }
    }

    @Test
    void aWorkerWhoseEngineOrLaneStandsStillGetsNothing() {
        WorkerState hung = dead.toBuilder().setEngineStillMs(11_000).build();
        WorkerState deaf = neighbour.toBuilder().setLaneStillMs(11_000).build();
        WorkerState slow = elsewhere.toBuilder()
                .setEngineStillMs(900)
                .setRunning(60)
                .setQueued(60)
                .build();
        for (int i = 0; i < 10; i++) {
            assertThat(place(List.of(hung, deaf, slow), null).route().decode().worker())
                    .isEqualTo(slow.getWorker());
        }
    }

    @Test
    void whatIsRestoredIsNoPromptToBeSplit() {
        placement = placement(ServingMode.SPLIT);
        Assignment first = place(List.of(dead, prefill), null);
        assertThat(first.route().computesAtDecode()).isFalse();
        Assignment again = place(List.of(neighbour, prefill), dead.getWorker());
        assertThat(again.route().computesAtDecode()).isTrue();
        assertThat(again.mostComputed()).isEqualTo(LOCAL_TOKENS);
    }

    @Test
    void theNextLifeOfTheWorkerCountsAsItsHost() {
        place(List.of(dead, elsewhere, prefill), null);
        WorkerState restarted = dead.toBuilder()
                .setWorker(dead.getWorker().toBuilder().setEpoch(9))
                .build();
        Assignment assignment = place(List.of(elsewhere, restarted, prefill), dead.getWorker());
        assertThat(assignment.route().decode().worker()).isEqualTo(restarted.getWorker());
    }

    @Test
    void withoutASurvivorOnThatHostThePromptIsPrefilledAgain() {
        place(List.of(dead, elsewhere, prefill), null);
        Assignment assignment = place(List.of(elsewhere, prefill), dead.getWorker());
        assertThat(assignment.route().computesAtDecode()).isFalse();
        assertThat(assignment.mostComputed()).isZero();
    }

    /** The host of the dead worker has no survivor, so no pool can be read; the prefill worker has most of the KV. */
    @Test
    void aSurvivorElsewhereFetchesThePromptFromTheWorkerThatComputedIt() {
        place(List.of(dead, elsewhere, prefill), PROMPT, null);
        Assignment assignment = place(List.of(elsewhere, prefill), PROMPT, dead.getWorker());
        assertThat(assignment.route().computesAtDecode()).isTrue();
        assertThat(assignment.holder()).isEqualTo(prefill);
        assertThat(assignment.mostComputed()).isEqualTo(LOCAL_TOKENS);
    }

    @Test
    void nothingIsFetchedWhereTheRestWouldBeTooMuchToCompute() {
        place(List.of(dead, elsewhere, prefill), PROMPT.subList(0, 10), null);
        Assignment assignment = place(List.of(elsewhere, prefill), PROMPT.subList(0, 10), dead.getWorker());
        assertThat(assignment.route().computesAtDecode()).isFalse();
        assertThat(assignment.holder()).isNull();
    }

    @Test
    void nothingIsFetchedWhereComputingIsQuicker() {
        placement = new Placement(
                new Router(
                        new DisaggPolicy(ServingMode.AUTO, LOCAL_TOKENS),
                        new Router.Costs(2_000, Duration.ZERO, Duration.ofSeconds(60), Duration.ZERO)),
                model -> live,
                ledger);
        WorkerState near = prefill.toBuilder()
                .setWorker(WorkerRef.newBuilder().setId("p1").setEpoch(1))
                .setMachine("host-c")
                .build();
        WorkerState survivor = elsewhere.toBuilder().setMachine("host-c").build();
        place(List.of(dead, prefill), PROMPT, null);
        Assignment assignment = place(List.of(survivor, prefill, near), PROMPT, dead.getWorker());
        assertThat(assignment.route().prefill()).isNotNull();
        assertThat(assignment.route().first().worker()).isEqualTo(near.getWorker());
    }

    @Test
    void withoutAPrefillWorkerTheSurvivorMayComputeAnyNumberOfTokens() {
        place(List.of(dead, neighbour), null);
        Assignment assignment = place(List.of(neighbour), dead.getWorker());
        assertThat(assignment.route().computesAtDecode()).isTrue();
        assertThat(assignment.mostComputed()).isZero();
    }

    /** A decode worker holds nothing of an answer that ended with its first token, on the prefill worker. */
    @Test
    void aDecodeWorkerIsThoughtToHoldThePromptOnceItHasMadeAToken() {
        live = List.of(dead, prefill);
        List<BlockHash> chain = chain(2_000);
        Assignment first = place(chain, 2_000);
        assertThat(first.route().computesAtDecode()).isFalse();
        assertThat(place(chain, 2_000).route().computesAtDecode())
                .as("the prefill worker holds it, the decode worker does not")
                .isFalse();
        placement.decoded(first, chain);
        assertThat(place(chain, 2_000).route().computesAtDecode()).isTrue();
    }

    @Test
    void theNextTurnGoesToTheWorkerThatHoldsTheLastOne() {
        live = List.of(neighbour, elsewhere, prefill);
        Assignment first = place(chain(30), 30);
        List<BlockHash> answered = chain(300);
        placement.decoded(first, answered);
        for (int i = 0; i < 3; i++) {
            Assignment second = place(chain(400), 400);
            assertThat(second.route().decode().worker())
                    .isEqualTo(first.route().decode().worker());
            assertThat(second.route().computesAtDecode()).isTrue();
            placement.unanswered(second);
            placement.release(second);
        }
    }

    /** The answer's blocks are at the worker that made it, and no decode worker may compute a prompt. */
    @Test
    void aPrefillWorkerFetchesTheLastTurnFromTheWorkerThatMadeItsAnswer() {
        placement = placement(ServingMode.SPLIT);
        live = List.of(dead, prefill);
        Assignment first = place(chain(1_000), 1_000);
        assertThat(first.holder()).isNull();
        placement.decoded(first, chain(1_500));
        Assignment second = place(chain(2_000), 2_000);
        assertThat(second.route().first().worker()).isEqualTo(prefill.getWorker());
        assertThat(second.holder()).isEqualTo(dead);
        assertThat(second.uncachedTokens()).isEqualTo(2_000 - 1_500 / 64 * 64);
    }

    @Test
    void aPrefillWorkerComputesWhatItWouldHaveLaterByAFetch() {
        placement = new Placement(
                new Router(
                        new DisaggPolicy(ServingMode.SPLIT, 0),
                        new Router.Costs(2_000, Duration.ZERO, Duration.ofSeconds(1), Duration.ZERO)),
                model -> live,
                ledger);
        live = List.of(dead, prefill);
        placement.decoded(place(chain(1_000), 1_000), chain(1_500));
        assertThat(place(chain(2_000), 2_000).holder()).isNull();
    }

    /** Without a prefill worker too: the one that holds the last turn has much to do. */
    @Test
    void aDecodeWorkerFetchesTheLastTurnFromABusyOne() {
        live = List.of(dead);
        placement.decoded(place(chain(1_000), 1_000), chain(1_500));
        WorkerState busy = dead.toBuilder().setRunning(60).build();
        live = List.of(busy, elsewhere.toBuilder().setMachine(dead.getMachine()).build());
        Assignment second = place(chain(2_000), 2_000);
        assertThat(second.route().decode().worker()).isEqualTo(elsewhere.getWorker());
        assertThat(second.holder()).isEqualTo(busy);
        assertThat(second.mostComputed()).as("nobody else would compute it").isZero();
    }

    @Test
    void whatWasNeverComputedIsNotThoughtToBeThere() {
        live = List.of(dead, prefill);
        Assignment lost = place(chain(2_000), 2_000);
        assertThat(lost.expected()).hasSize(2_000 / 64);
        placement.unanswered(lost);
        assertThat(place(chain(2_000), 2_000).expected()).hasSize(2_000 / 64);
    }

    @Test
    void aRequestThatMayKillWorkersIsAloneOnOneAndOthersLeaveItThere() {
        live = List.of(neighbour, elsewhere, prefill);
        Assignment suspect = suspect("poison").orElseThrow();
        assertThat(suspect.route().computesAtDecode()).isTrue();
        for (int i = 0; i < 4; i++) {
            assertThat(place(List.of(), 100).route().decode())
                    .isNotEqualTo(suspect.route().decode());
        }
        Assignment second = suspect("other").orElseThrow();
        assertThat(second.route().decode()).isNotEqualTo(suspect.route().decode());
        assertThat(suspect("third")).as("each worker has one already").isEmpty();
        placement.cleared("other");
        assertThat(suspect("third")).isPresent();
    }

    @Test
    void whereOnlyOneWorkerIsLeftOthersShareItWithTheRequestThatMayKillIt() {
        live = List.of(neighbour);
        assertThat(suspect("poison")).isPresent();
        assertThat(place(List.of(), 100).route().decode().worker()).isEqualTo(neighbour.getWorker());
    }

    @Test
    void aRequestThatMayKillWorkersTakesAnIdleOneWhereThereIsOne() {
        live = List.of(neighbour, elsewhere);
        Assignment first = place(List.of(), 100);
        assertThat(suspect("poison").orElseThrow().route().decode())
                .isNotEqualTo(first.route().decode());
    }

    @Test
    void aWorkerThatFailedSeveralRequestsGetsNoneWhileAnotherIsLeft() {
        live = List.of(neighbour, elsewhere);
        placement.book(new Fault.Worker(neighbour.getWorker()), "a");
        placement.book(new Fault.Worker(neighbour.getWorker()), "b");
        for (int i = 0; i < 4; i++) {
            assertThat(place(List.of(), 100).route().decode().worker()).isEqualTo(elsewhere.getWorker());
        }
        live = List.of(neighbour);
        assertThat(place(List.of(), 100).route().decode().worker())
                .as("better than none")
                .isEqualTo(neighbour.getWorker());
    }

    /** Decode cannot reach prefill: before, each split request failed when its first attempts had brought 24 tokens. */
    @Test
    void aBrokenPairCostsTheFirstRequestOneAttemptAndTheOthersNone() {
        placement = placement(ServingMode.SPLIT);
        live = List.of(neighbour, prefill);
        Assignment split = place(List.of(), 2_000);
        assertThat(split.route().computesAtDecode()).isFalse();
        placement.book(new Fault.Pair(prefill.getWorker(), neighbour.getWorker()), "r");
        for (int i = 0; i < 30; i++) {
            assertThat(place(List.of(), 2_000).route().computesAtDecode()).isTrue();
        }
    }

    @Test
    void aSecondAttemptGoesOnlyWhereItCostsOneBlockAtMostAndTheTokensAreSureToBeTheSame() {
        WorkerState near = neighbour.toBuilder().setExact(true).build();
        WorkerState far = elsewhere.toBuilder().setExact(true).build();
        place(List.of(dead, near, far, prefill), null); // each worker's host is known from here on
        live = List.of(near, far, prefill);
        assertThat(beside(2_000, dead.getWorker()).orElseThrow().route())
                .as("the KV lies on the host")
                .isEqualTo(new Route(null, new Route.Leg(near.getWorker(), 0)));
        live = List.of(far, prefill);
        assertThat(beside(2_000, dead.getWorker())).as("all would be computed").isEmpty();
        assertThat(beside(60, dead.getWorker())).as("less than a block").isPresent();
        live = List.of(neighbour, elsewhere, prefill);
        assertThat(beside(60, dead.getWorker())).as("not exact").isEmpty();
        live = List.of();
        assertThat(beside(60, dead.getWorker())).as("nobody else").isEmpty();
    }

    @Test
    void workForLaterIsNothingToWhatIsNotForLater() {
        live = List.of(elsewhere.toBuilder()
                .setPlaces(8)
                .setQueued(3)
                .setRunning(4)
                .setForLater(5)
                .setQueuedTokens(900)
                .setQueuedTokensForLater(800)
                .build());
        placement.chain("m", new byte[0], new int[64]);
        Assignment later = placement
                .place("m", List.of(), 5_000, 100, new Placement.Wishes("r", Set.of(), null, false, true, false))
                .orElseThrow();
        Capacity others = placement.capacity("m", 100, false);
        assertThat(others.sequences()).isEqualTo(2);
        assertThat(others.own()).isZero();
        assertThat(others.queuedTokens()).isEqualTo(100);
        assertThat(others.places()).isEqualTo(8);
        Capacity alike = placement.capacity("m", 100, true);
        assertThat(alike.sequences()).isEqualTo(7);
        assertThat(alike.own()).isEqualTo(1);
        assertThat(alike.queuedTokens()).isEqualTo(5_000);
        placement.unanswered(later);
        placement.release(later);
        assertThat(placement.charged()).isZero();
    }

    @Test
    void aPromptThatIsScoredCountsByWhatItTakesOfAStep() {
        live = List.of(elsewhere);
        placement.chain("m", new byte[0], new int[64]);
        Assignment scored = placement
                .place("m", List.of(), 5_000, 100, new Placement.Wishes("r", Set.of(), null, false, false, true))
                .orElseThrow();
        assertThat(scored.uncachedTokens()).isEqualTo(5_000);
        assertThat(placement.capacity("m", 100, false).queuedTokens()).isEqualTo(64);
        placement.answered(scored);
        placement.release(scored);
        assertThat(placement.charged()).isZero();
    }

    private Optional<Assignment> beside(int tokens, WorkerRef silent) {
        return placement.placeBeside("m", List.of(), tokens, 100, wishes(silent));
    }

    private Optional<Assignment> suspect(String requestId) {
        return placement.place("m", List.of(), 2_000, 100, new Placement.Wishes(requestId, Set.of(), null, true));
    }

    private Assignment place(List<BlockHash> chain, int tokens) {
        return placement.place("m", chain, tokens, 100, wishes(null)).orElseThrow();
    }

    /** Names of the full blocks of one conversation, so long. */
    private List<BlockHash> chain(int tokens) {
        return placement.chain("m", new byte[0], IntStream.range(0, tokens).toArray());
    }

    private Placement placement(ServingMode mode) {
        return new Placement(
                new Router(new DisaggPolicy(mode, LOCAL_TOKENS), Router.Costs.defaults()), model -> live, ledger);
    }

    private Assignment place(List<WorkerState> workers, @Nullable WorkerRef left) {
        return place(workers, List.of(), left);
    }

    private Assignment place(List<WorkerState> workers, List<BlockHash> prompt, @Nullable WorkerRef left) {
        live = workers;
        placement.chain("m", new byte[0], new int[64]);
        return placement.place("m", prompt, 2_000, 100, wishes(left)).orElseThrow();
    }

    private static Placement.Wishes wishes(@Nullable WorkerRef left) {
        return new Placement.Wishes("r", Set.of(), left, false);
    }

    private static WorkerState worker(String id, Role role, String machine) {
        return WorkerState.newBuilder()
                .setWorker(WorkerRef.newBuilder().setId(id).setEpoch(1))
                .setRole(role)
                .setModel("m")
                .setMachine(machine)
                .setBlockTokens(64)
                .setBlocks(1_000)
                .setHost("localhost")
                .setKvPort(7_000)
                .setFreeBlocks(1_000)
                .build();
    }
}
