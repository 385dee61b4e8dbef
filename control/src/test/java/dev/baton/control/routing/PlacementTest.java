package dev.baton.control.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.Placement.Assignment;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.protocol.v1.WorkerState.Role;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlacementTest {
    private static final int LOCAL_TOKENS = 64;

    private final WorkerState dead = worker("d0", Role.DECODE, "host-a");
    private final WorkerState neighbour = worker("d1", Role.DECODE, "host-a");
    private final WorkerState elsewhere = worker("d2", Role.DECODE, "host-b");
    private final WorkerState prefill = worker("p0", Role.PREFILL, "host-b");
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

    @Test
    void withoutAPrefillWorkerTheSurvivorMayComputeAnyNumberOfTokens() {
        place(List.of(dead, neighbour), null);
        Assignment assignment = place(List.of(neighbour), dead.getWorker());
        assertThat(assignment.route().computesAtDecode()).isTrue();
        assertThat(assignment.mostComputed()).isZero();
    }

    private Placement placement(ServingMode mode) {
        return new Placement(new Router(new DisaggPolicy(mode, LOCAL_TOKENS), Router.Costs.defaults()), model -> live);
    }

    private Assignment place(List<WorkerState> workers, @Nullable WorkerRef left) {
        live = workers;
        return placement.place("m", List.of(), 2_000, 100, Set.of(), left).orElseThrow();
    }

    private static WorkerState worker(String id, Role role, String machine) {
        return WorkerState.newBuilder()
                .setWorker(WorkerRef.newBuilder().setId(id).setEpoch(1))
                .setRole(role)
                .setModel("m")
                .setMachine(machine)
                .setBlockTokens(64)
                .setBlocks(1_000)
                .setFreeBlocks(1_000)
                .build();
    }
}
