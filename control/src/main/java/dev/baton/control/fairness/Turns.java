package dev.baton.control.fairness;

import dev.baton.control.admission.Ahead;
import dev.baton.control.admission.Booked;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Requests of one gateway that no worker has claimed yet. Workers give credit for as many as they have room for soon: so
 * many are sent, and the others wait here. So the lanes stay short, and who comes late with little does not wait behind all
 * that another has sent before. Of those that are sent each tenant that asks has the same number, so that workers, who know
 * what they have computed for whom, have something of each to choose from; the weights are theirs to keep. Work for later (a priority below 0) goes when nothing
 * else waits, and no more of it is sent than leaves room for what comes. Whoever calls begins what is returned. Any thread.
 */
public final class Turns<E extends Turns.Turn> {
    /** Of the credit, what may be taken by work for later: it is claimed last, and would keep others from being sent. */
    private static final double LATER = 0.25;

    private final ToIntFunction<String> credit;
    private final Map<String, Model> models = new HashMap<>();
    private long turns;

    /** @param credit requests that the workers of a model want of this gateway before they have claimed one, at any moment */
    public Turns(ToIntFunction<String> credit) {
        this.credit = credit;
    }

    /** A request; compared by identity. */
    public interface Turn {
        String model();

        String tenant();

        int weight();

        /** Larger goes first among those of its tenant; below 0 it is work for later. */
        int priority();

        /** Tokens of its prompt that are thought to be computed. */
        int tokens();

        /** While it is, its turn does not come, and it counts as one that waits. */
        default boolean held() {
            return false;
        }

        /** It is part of what has begun or is about to: nobody takes its place. */
        default boolean stays() {
            return false;
        }

        /** Whether it goes after all that is not, of whatever tenant. */
        default boolean later() {
            return priority() < 0;
        }
    }

    /** Waits for its turn. Returns those whose turn has come. */
    public synchronized List<E> add(E turn) {
        Model model = models.computeIfAbsent(turn.model(), name -> new Model());
        Tenant tenant = model.tenants.computeIfAbsent(turn.tenant(), name -> new Tenant());
        tenant.weight = turn.weight();
        tenant.waiting(turn.later()).add(turn);
        return next(turn.model());
    }

    /** The credit may have grown. */
    public synchronized List<E> look() {
        return List.copyOf(models.keySet()).stream()
                .flatMap(model -> next(model).stream())
                .toList();
    }

    /** It does not wait any more; false when its turn has come already, and {@link #left} will follow. */
    public synchronized boolean withdraw(E turn) {
        Tenant tenant = tenant(turn);
        boolean waited = tenant != null && tenant.waiting(turn.later()).remove(turn);
        forget(turn);
        return waited;
    }

    /** A worker has claimed it, or it has ended before one did. Later calls for it change nothing. */
    public synchronized List<E> left(E turn) {
        Tenant tenant = tenant(turn);
        if (tenant == null || !tenant.sent.remove(turn)) {
            return List.of();
        }
        List<E> begin = next(turn.model());
        forget(turn);
        return begin;
    }

    /**
     * Makes room for what comes in together: takes away as many, each the last and least urgent of the tenant with the most
     * waiting for its weight, of work for later where there is some. Empty, and nothing is taken, when that would be the tenant
     * itself for one of them.
     *
     * @param missing how many must go
     * @param together how many come in
     */
    public synchronized List<E> displacedBy(E turn, int missing, int together) {
        Model model = models.get(turn.model());
        if (model == null) {
            return List.of();
        }
        Tenant own = model.tenants.get(turn.tenant());
        double least = ((own == null ? 0.0 : own.waiting(turn.later()).size()) + together) / turn.weight();
        long able = model.above(turn.later(), own, least) + (turn.later() ? 0 : model.above(true, null, 0));
        if (able < missing) {
            return List.of();
        }
        List<E> displaced = new ArrayList<>();
        while (displaced.size() < missing) {
            Optional<E> ofLater = turn.later() ? Optional.empty() : model.longest(true, null, 0);
            Optional<E> next = ofLater.isPresent() ? ofLater : model.longest(turn.later(), own, least);
            if (next.isEmpty()) {
                break;
            }
            displaced.add(next.get());
            Objects.requireNonNull(tenant(next.get()))
                    .waiting(next.get().later())
                    .remove(next.get());
            forget(next.get());
        }
        return displaced;
    }

    /**
     * What would have its turn before this one, if it came now. Until then each other tenant has at most as many turns as its
     * weight allows while this one's own requests before it have theirs.
     *
     * @param booked by tenant: places for requests that are to come again, and take turns then as these do
     */
    public synchronized Ahead ahead(E turn, Map<String, Booked> booked) {
        Model model = models.getOrDefault(turn.model(), new Model());
        double requests = 0;
        double tokens = 0;
        if (turn.later()) {
            for (Tenant tenant : model.tenants.values()) {
                requests += tenant.waiting(false).size();
                tokens += tenant.tokens(false);
            }
        }
        Tenant own = model.tenants.get(turn.tenant());
        double before = 0;
        if (own != null) {
            for (E other : own.waiting(turn.later())) {
                if (other.priority() >= turn.priority()) {
                    before++;
                    tokens += other.tokens();
                }
            }
        }
        requests += before;
        for (Tenant tenant : model.tenants.values()) {
            int length = tenant.waiting(turn.later()).size();
            if (tenant != own && length > 0) {
                double turns = Math.min(length, (before + 1) * tenant.weight / turn.weight());
                requests += turns;
                tokens += turns * tenant.tokens(turn.later()) / length;
            }
        }
        Map<String, Booked> asking = new HashMap<>(booked);
        model.tenants.forEach((name, tenant) -> asking.merge(
                name,
                new Booked(tenant.waiting(turn.later()).size(), tenant.weight),
                (places, waiting) -> new Booked(places.places() + waiting.places(), waiting.weight())));
        asking.remove(turn.tenant());
        double mine = before + 1;
        double perTurn = 1
                + asking.values().stream()
                        .filter(other -> other.places() * turn.weight() > mine * other.weight())
                        .mapToDouble(other -> (double) other.weight() / turn.weight())
                        .sum();
        return new Ahead(requests, tokens, perTurn);
    }

    /** Those for which some wait. */
    public synchronized Set<String> models() {
        return Set.copyOf(models.keySet());
    }

    /** Requests that wait for their turn. */
    public synchronized int waiting() {
        return models.values().stream()
                .flatMap(model -> model.tenants.values().stream())
                .mapToInt(Tenant::waits)
                .sum();
    }

    private @Nullable Tenant tenant(E turn) {
        Model model = models.get(turn.model());
        return model == null ? null : model.tenants.get(turn.tenant());
    }

    private void forget(E turn) {
        models.computeIfPresent(turn.model(), (name, model) -> {
            model.tenants.computeIfPresent(
                    turn.tenant(), (id, tenant) -> tenant.waits() == 0 && tenant.sent.isEmpty() ? null : tenant);
            return model.tenants.isEmpty() ? null : model;
        });
    }

    private List<E> next(String name) {
        Model model = Objects.requireNonNull(models.get(name));
        if (model.first(false) == null && model.first(true) == null) {
            return List.of();
        }
        int credit = this.credit.applyAsInt(name);
        int room = credit - model.sent();
        List<E> begin = new ArrayList<>();
        take(model, false, room, begin);
        if (model.first(false) == null) {
            long most = credit == 0 ? 0 : Math.max(1, (long) (credit * LATER));
            take(model, true, (int) Math.min(room - begin.size(), most - model.sentForLater()), begin);
        }
        return begin;
    }

    private void take(Model model, boolean later, int most, List<E> begin) {
        int taken = 0;
        for (Tenant tenant = model.first(later); tenant != null && taken < most; tenant = model.first(later)) {
            E turn = tenant.waiting(later).stream()
                    .filter(one -> !one.held())
                    .min(Comparator.comparingInt((E one) -> one.priority()).reversed())
                    .orElseThrow();
            tenant.waiting(later).remove(turn);
            tenant.sent.add(turn);
            tenant.turnAt = ++turns;
            begin.add(turn);
            taken++;
        }
    }

    private final class Model {
        private final Map<String, Tenant> tenants = new HashMap<>();

        int sent() {
            return tenants.values().stream()
                    .mapToInt(tenant -> tenant.sent.size())
                    .sum();
        }

        long sentForLater() {
            return tenants.values().stream()
                    .flatMap(tenant -> tenant.sent.stream())
                    .filter(Turn::later)
                    .count();
        }

        /** Of those that wait, the one with the least that was sent and not claimed; null for none. */
        @Nullable
        Tenant first(boolean later) {
            return tenants.values().stream()
                    .filter(tenant -> tenant.waiting(later).stream().anyMatch(turn -> !turn.held()))
                    .min(Comparator.comparingInt((Tenant tenant) -> tenant.sent.size())
                            .thenComparingLong(tenant -> tenant.turnAt))
                    .orElse(null);
        }

        /** The last and least urgent of the tenant with the most waiting for its weight, if that is more than {@code least}. */
        Optional<E> longest(boolean later, @Nullable Tenant but, double least) {
            return tenants.values().stream()
                    .filter(tenant -> tenant != but && tenant.length(later) > least && tenant.movable(later) > 0)
                    .max(Comparator.comparingDouble((Tenant tenant) -> tenant.length(later)))
                    .map(tenant -> tenant.waiting(later).reversed().stream()
                            .filter(turn -> !turn.stays())
                            .min(Comparator.comparingInt(Turn::priority))
                            .orElseThrow());
        }

        /** How many {@link #longest} would give, one after another. */
        long above(boolean later, @Nullable Tenant but, double least) {
            return tenants.values().stream()
                    .filter(tenant -> tenant != but)
                    .mapToLong(tenant -> Math.min(tenant.movable(later), tenant.above(later, least)))
                    .sum();
        }
    }

    private final class Tenant {
        private final LinkedHashSet<E> waiting = new LinkedHashSet<>();
        private final LinkedHashSet<E> waitingForLater = new LinkedHashSet<>();
        private final Set<E> sent = Collections.newSetFromMap(new IdentityHashMap<>());
        private int weight = FairShare.USUAL_WEIGHT;
        private long turnAt;

        LinkedHashSet<E> waiting(boolean later) {
            return later ? waitingForLater : waiting;
        }

        int waits() {
            return waiting.size() + waitingForLater.size();
        }

        /** Of those that wait, how many may have to go. */
        long movable(boolean later) {
            return waiting(later).stream().filter(turn -> !turn.stays()).count();
        }

        /** How many would have to go for no more than {@code least} to wait for its weight. */
        long above(boolean later, double least) {
            return Math.max(0, (long) Math.ceil(waiting(later).size() - least * weight));
        }

        double tokens(boolean later) {
            return waiting(later).stream().mapToDouble(Turn::tokens).sum();
        }

        /** For its weight. */
        double length(boolean later) {
            return (double) waiting(later).size() / weight;
        }
    }
}
