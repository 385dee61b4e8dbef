package dev.baton.control.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RouterTest {
    private static final DisaggPolicy SPLIT = new DisaggPolicy(ServingMode.SPLIT, 0);
    private static final DisaggPolicy AUTO = new DisaggPolicy(ServingMode.AUTO, 256);
    private static final DisaggPolicy COLOCATED = new DisaggPolicy(ServingMode.COLOCATED, 0);

    @Test
    void aLongPromptGoesToAPrefillWorkerAndAShortOneDoesNot() {
        assertThat(route(AUTO, query(1_000))).isEqualTo("p0>d0");
        assertThat(route(AUTO, query(256))).isEqualTo("d0");
    }

    @Test
    void aMostlyCachedPromptIsComputedWhereItIsCached() {
        Router.Query query = new Router.Query("m", 4_000, 100, Map.of("d1", 3_840), Set.of(), Set.of());
        assertThat(route(AUTO, query)).isEqualTo("d1");
    }

    @Test
    void theModeOverridesTheLength() {
        assertThat(route(SPLIT, query(8))).isEqualTo("p0>d0");
        assertThat(route(COLOCATED, query(4_000))).isEqualTo("d0");
    }

    @Test
    void withoutAPrefillWorkerTheDecodeWorkerComputes() {
        assertThat(name(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(4_000), List.of(view(decode("d0"), true)), List.of(view(decode("d0"), true)))
                        .orElseThrow()))
                .contains("d0");
        assertThat(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(4_000), List.of(), List.of(view(decode("d0"), true)))
                        .map(RouterTest::name))
                .contains("d0");
    }

    @Test
    void withoutADecodeWorkerThereIsNoRoute() {
        assertThat(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(10), List.of(view(prefill("p0"), true)), List.of()))
                .isEmpty();
    }

    @Test
    void aCachedPrefixDrawsThePromptUntilTheQueueThereIsLonger() {
        Router.Query query = new Router.Query("m", 2_000, 100, Map.of("p1", 1_920), Set.of(), Set.of());
        assertThat(route(SPLIT, query)).isEqualTo("p1>d0");
        List<Router.Worker> busy = List.of(
                view(prefill("p0"), true),
                view(prefill("p1").toBuilder().setQueuedTokens(3_000).build(), true));
        assertThat(name(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query, busy, decoders())
                        .orElseThrow()))
                .isEqualTo("p0>d0");
    }

    @Test
    void whatWasRoutedSinceTheHeartbeatCounts() {
        List<Router.Worker> prefill =
                List.of(new Router.Worker(prefill("p0"), true, 5_000, 3), new Router.Worker(prefill("p1"), true, 0, 0));
        assertThat(name(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(1_000), prefill, decoders())
                        .orElseThrow()))
                .isEqualTo("p1>d0");
    }

    @Test
    void theLeastLoadedDecodeWorkerWins() {
        List<Router.Worker> decode = List.of(
                view(decode("d0").toBuilder().setRunning(12).build(), true),
                view(decode("d1").toBuilder().setRunning(3).build(), true));
        assertThat(name(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(100), prefillers(), decode)
                        .orElseThrow()))
                .isEqualTo("p0>d1");
    }

    @Test
    void aDecodeWorkerWithoutRoomIsWorseThanABusyOne() {
        List<Router.Worker> decode = List.of(
                view(decode("d0").toBuilder().setFreeBlocks(1).build(), true),
                view(decode("d1").toBuilder().setRunning(30).build(), true));
        assertThat(name(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(1_000), prefillers(), decode)
                        .orElseThrow()))
                .isEqualTo("p0>d1");
    }

    @Test
    void aPairOnOneMachineIsCheaper() {
        List<Router.Worker> prefill = List.of(
                view(prefill("p0").toBuilder().setMachine("a").build(), true),
                view(prefill("p1").toBuilder().setMachine("b").build(), true));
        List<Router.Worker> decode =
                List.of(view(decode("d0").toBuilder().setMachine("b").build(), true));
        assertThat(name(new Router(SPLIT, Router.Costs.defaults())
                        .choose(query(1_000), prefill, decode)
                        .orElseThrow()))
                .isEqualTo("p1>d0");
    }

    @Test
    void aDecodeWorkerThatHoldsTheLastTurnIsCheaperSinceOnlyTheRestMoves() {
        assertThat(route(SPLIT, new Router.Query("m", 1_000, 100, Map.of("d1", 640), Set.of(), Set.of())))
                .isEqualTo("p0>d1");
    }

    @Test
    void nothingIsFetchedBetweenWorkersBetweenWhichKvDoesNotMove() {
        Router router = new Router(SPLIT, Router.Costs.defaults());
        Router.Worker holder = view(decode("d1"), true);
        Router.Worker worker = view(prefill("p0"), true);
        Map<String, Integer> cached = Map.of("d1", 1_920);
        Fault.Pair pair =
                new Fault.Pair(worker.state().getWorker(), holder.state().getWorker());
        for (Set<Fault.Pair> broken : List.of(Set.<Fault.Pair>of(), Set.of(pair))) {
            Router.Query query =
                    new Router.Query("m", 2_000, 100, cached, Set.of(), broken).fetchingFrom(holder, false);
            assertThat(router.fetches(query, worker)).isEqualTo(broken.isEmpty());
        }
    }

    @Test
    void drainingSuspectAndForeignWorkersAreOut() {
        List<Router.Worker> decode = List.of(
                view(decode("d0").toBuilder().setDraining(true).build(), true),
                view(decode("d1"), false),
                view(decode("d2").toBuilder().setModel("other").build(), true),
                view(decode("d3").toBuilder().setRunning(50).build(), true));
        assertThat(name(new Router(COLOCATED, Router.Costs.defaults())
                        .choose(query(1_000), List.of(), decode)
                        .orElseThrow()))
                .isEqualTo("d3");
    }

    @Test
    void anAvoidedWorkerIsTakenOnlyWhenNoOtherIsLeft() {
        Router.Query query =
                new Router.Query("m", 100, 10, Map.of(), Set.of(decode("d0").getWorker()), Set.of());
        assertThat(route(COLOCATED, query)).isEqualTo("d1");
        assertThat(new Router(COLOCATED, Router.Costs.defaults())
                        .choose(query, List.of(), List.of(view(decode("d0"), true)))
                        .map(RouterTest::name))
                .contains("d0");
    }

    @Test
    void aPromptThatEveryPrefillWorkerFailedIsComputedWhereItIsDecoded() {
        Set<WorkerRef> failed = Set.of(prefill("p0").getWorker(), prefill("p1").getWorker());
        assertThat(route(SPLIT, new Router.Query("m", 4_000, 100, Map.of(), failed, Set.of())))
                .isEqualTo("d0");
        assertThat(route(
                        SPLIT,
                        new Router.Query(
                                "m", 4_000, 100, Map.of(), Set.of(prefill("p0").getWorker()), Set.of())))
                .isEqualTo("p1>d0");
    }

    @Test
    void aPairThatCannotMoveKvIsNotTakenAndADecodeWorkerThatNobodyReachesComputes() {
        Set<Fault.Pair> one = Set.of(pair("p0", "d0"));
        assertThat(route(SPLIT, new Router.Query("m", 4_000, 100, Map.of(), Set.of(), one)))
                .isIn("p1>d0", "p0>d1", "p1>d1");
        Set<Fault.Pair> all = Set.of(pair("p0", "d0"), pair("p1", "d0"), pair("p0", "d1"), pair("p1", "d1"));
        assertThat(route(SPLIT, new Router.Query("m", 4_000, 100, Map.of(), Set.of(), all)))
                .isIn("d0", "d1");
    }

    private static Fault.Pair pair(String prefill, String decode) {
        return new Fault.Pair(prefill(prefill).getWorker(), decode(decode).getWorker());
    }

    private static String route(DisaggPolicy policy, Router.Query query) {
        return name(new Router(policy, Router.Costs.defaults())
                .choose(query, prefillers(), decoders())
                .orElseThrow());
    }

    private static String name(Route route) {
        Route.Leg prefill = route.prefill();
        String decode = route.decode().worker().getId();
        return prefill == null ? decode : prefill.worker().getId() + ">" + decode;
    }

    private static Router.Query query(int tokens) {
        return new Router.Query("m", tokens, 100, Map.of(), Set.of(), Set.of());
    }

    private static List<Router.Worker> prefillers() {
        return List.of(view(prefill("p0"), true), view(prefill("p1"), true));
    }

    private static List<Router.Worker> decoders() {
        return List.of(view(decode("d0"), true), view(decode("d1"), true));
    }

    private static Router.Worker view(WorkerState state, boolean live) {
        return new Router.Worker(state, live, 0, 0);
    }

    private static WorkerState prefill(String id) {
        return state(id, WorkerState.Role.PREFILL);
    }

    private static WorkerState decode(String id) {
        return state(id, WorkerState.Role.DECODE);
    }

    private static WorkerState state(String id, WorkerState.Role role) {
        return WorkerState.newBuilder()
                .setWorker(WorkerRef.newBuilder().setId(id).setEpoch(1))
                .setRole(role)
                .setModel("m")
                .setBlockTokens(64)
                .setBlocks(1_000)
                .setFreeBlocks(1_000)
                .setPrefillTokensPerSecond(1_000)
                .build();
    }
}
