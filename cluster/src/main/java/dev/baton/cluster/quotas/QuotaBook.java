package dev.baton.cluster.quotas;

import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import dev.baton.control.quota.Refusal;
import dev.baton.control.quota.Taken;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Where gateways keep quotas together. Each call fails when there is no answer in time; it may then have been done. */
public interface QuotaBook {
    /**
     * A request that asks to be let in.
     *
     * @param spent what this gateway let in of each scope while the book was away; the running are left out
     * @param back how long it has been back, a minute at most: where it has lost what it knew, it begins as if all were taken
     */
    record Reservation(
            String request, long tokens, List<ScopedLimits> scopes, List<Taken> spent, Duration lease, Duration back) {
        public Reservation {
            scopes = List.copyOf(scopes);
            spent = List.copyOf(spent);
        }
    }

    /**
     * The answer.
     *
     * @param refusal null: let in
     * @param by index of the scope that refused
     * @param taken of each scope, the request included when it was let in
     */
    record Answer(@Nullable Refusal refusal, int by, List<Taken> taken) {
        public Answer {
            taken = List.copyOf(taken);
        }
    }

    /** Limits that hold for a while. */
    record TimedChange(LimitChange change, Duration left) {}

    /**
     * What a gateway hears when it tells that it lives.
     *
     * @param memory names what the book knows: another name means that it has forgotten some of it, perhaps everything
     * @param age of that memory
     * @param gateways that live, this one included
     * @param overrides by tenant
     */
    record Attendance(String memory, Duration age, int gateways, Map<String, TimedChange> overrides) {
        public Attendance {
            overrides = Map.copyOf(overrides);
        }
    }

    /** Takes from all scopes or from none; a request that was let in before is let in again and charged once. */
    CompletionStage<Answer> reserve(Reservation reservation);

    /**
     * Ends a reservation; once.
     *
     * @param served false: it does not count as a request
     * @param tokens that it took
     */
    CompletionStage<Void> settle(String request, List<QuotaScope> scopes, boolean served, long tokens);

    /**
     * Makes requests that run go on counting for a lease.
     *
     * @param anew also those that the book does not know; else these were settled just now
     */
    CompletionStage<Void> renew(QuotaScope scope, List<String> requests, Duration lease, boolean anew);

    CompletionStage<Attendance> attend(String gateway, Duration lease);

    CompletionStage<Taken> read(QuotaScope scope, Limits limits);

    /** Changes a tenant's limits for a while. False when there are too many overrides. */
    CompletionStage<Boolean> override(String tenant, LimitChange change, Duration lasting);

    /** Ends a tenant's override. */
    CompletionStage<Void> restore(String tenant);

    /** Forgets what the last minute took; what runs still counts. */
    CompletionStage<Void> forget(List<QuotaScope> scopes);
}
