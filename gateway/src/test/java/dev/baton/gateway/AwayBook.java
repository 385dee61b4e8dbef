package dev.baton.gateway;

import dev.baton.cluster.quotas.QuotaBook;
import dev.baton.cluster.quotas.QuotaScope;
import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import dev.baton.control.quota.Taken;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Quotas of an edge that never reaches Redis: it has the least share of them. */
final class AwayBook implements QuotaBook {
    private static <T> CompletionStage<T> away() {
        return CompletableFuture.failedStage(new IOException("there is no Redis in this test"));
    }

    @Override
    public CompletionStage<Answer> reserve(Reservation reservation) {
        return away();
    }

    @Override
    public CompletionStage<Void> settle(String request, List<QuotaScope> scopes, boolean served, long tokens) {
        return away();
    }

    @Override
    public CompletionStage<Void> renew(QuotaScope scope, List<String> requests, Duration lease, boolean anew) {
        return away();
    }

    @Override
    public CompletionStage<Attendance> attend(String gateway, Duration lease) {
        return away();
    }

    @Override
    public CompletionStage<Taken> read(QuotaScope scope, Limits limits) {
        return away();
    }

    @Override
    public CompletionStage<Boolean> override(String tenant, LimitChange change, Duration lasting) {
        return away();
    }

    @Override
    public CompletionStage<Void> restore(String tenant) {
        return away();
    }

    @Override
    public CompletionStage<Void> forget(List<QuotaScope> scopes) {
        return away();
    }
}
