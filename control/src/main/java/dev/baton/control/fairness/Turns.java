package dev.baton.control.fairness;

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
 * what they have computed for whom, have something of each to choose from; the weights are theirs to keep. Whoever calls
 * begins what is returned. Any thread.
 */
public final class Turns<E extends Turns.Turn> {
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

        /** Larger goes first among those of its tenant. */
        int priority();
    }

    /** Waits for its turn. Returns those whose turn has come. */
    public synchronized List<E> add(E turn) {
        Model model = models.computeIfAbsent(turn.model(), name -> new Model());
        Tenant tenant = model.tenants.computeIfAbsent(turn.tenant(), name -> new Tenant());
        tenant.weight = turn.weight();
        tenant.waiting.add(turn);
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
        boolean waited = tenant != null && tenant.waiting.remove(turn);
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
     * Makes room for one more: takes away the last and least urgent of the tenant with the most waiting for its weight. Empty
     * when that is the tenant itself.
     */
    public synchronized Optional<E> displacedBy(E turn) {
        Model model = models.get(turn.model());
        if (model == null) {
            return Optional.empty();
        }
        Tenant own = model.tenants.get(turn.tenant());
        double least = (own == null ? 1.0 : own.waiting.size() + 1.0) / turn.weight();
        return model.tenants.values().stream()
                .filter(tenant -> tenant != own && tenant.length() > least)
                .max(Comparator.comparingDouble(Tenant::length))
                .map(tenant -> {
                    E last = tenant.waiting.reversed().stream()
                            .min(Comparator.comparingInt(Turn::priority))
                            .orElseThrow();
                    tenant.waiting.remove(last);
                    forget(last);
                    return last;
                });
    }

    /** Requests that wait for their turn. */
    public synchronized int waiting() {
        return models.values().stream()
                .flatMap(model -> model.tenants.values().stream())
                .mapToInt(tenant -> tenant.waiting.size())
                .sum();
    }

    private @Nullable Tenant tenant(E turn) {
        Model model = models.get(turn.model());
        return model == null ? null : model.tenants.get(turn.tenant());
    }

    private void forget(E turn) {
        models.computeIfPresent(turn.model(), (name, model) -> {
            model.tenants.computeIfPresent(
                    turn.tenant(), (id, tenant) -> tenant.waiting.isEmpty() && tenant.sent.isEmpty() ? null : tenant);
            return model.tenants.isEmpty() ? null : model;
        });
    }

    private List<E> next(String name) {
        Model model = Objects.requireNonNull(models.get(name));
        if (model.first() == null) {
            return List.of();
        }
        int room = credit.applyAsInt(name) - model.sent();
        List<E> begin = new ArrayList<>();
        for (Tenant tenant = model.first(); tenant != null && begin.size() < room; tenant = model.first()) {
            E turn = tenant.waiting.stream()
                    .min(Comparator.comparingInt((E one) -> one.priority()).reversed())
                    .orElseThrow();
            tenant.waiting.remove(turn);
            tenant.sent.add(turn);
            tenant.turnAt = ++turns;
            begin.add(turn);
        }
        return begin;
    }

    private final class Model {
        private final Map<String, Tenant> tenants = new HashMap<>();

        int sent() {
            return tenants.values().stream()
                    .mapToInt(tenant -> tenant.sent.size())
                    .sum();
        }

        /** Of those that wait, the one with the least that was sent and not claimed; null for none. */
        @Nullable
        Tenant first() {
            return tenants.values().stream()
                    .filter(tenant -> !tenant.waiting.isEmpty())
                    .min(Comparator.comparingInt((Tenant tenant) -> tenant.sent.size())
                            .thenComparingLong(tenant -> tenant.turnAt))
                    .orElse(null);
        }
    }

    private final class Tenant {
        private final LinkedHashSet<E> waiting = new LinkedHashSet<>();
        private final Set<E> sent = Collections.newSetFromMap(new IdentityHashMap<>());
        private int weight = FairShare.USUAL_WEIGHT;
        private long turnAt;

        /** For its weight. */
        double length() {
            return (double) waiting.size() / weight;
        }
    }
}
