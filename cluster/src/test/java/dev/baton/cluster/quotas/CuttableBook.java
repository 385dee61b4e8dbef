package dev.baton.cluster.quotas;

import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import dev.baton.control.quota.Taken;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A book that a gateway does not reach while it is cut off; the book itself goes on. */
final class CuttableBook implements QuotaBook {
    private final QuotaBook book;
    private volatile boolean cut;

    CuttableBook(QuotaBook book) {
        this.book = book;
    }

    void cut(boolean now) {
        cut = now;
    }

    /** As another gateway reaches it. */
    QuotaBook past() {
        return book;
    }

    private <T> CompletionStage<T> reached(Supplier<CompletionStage<T>> call) {
        return cut ? CompletableFuture.failedStage(new IOException("cut off by the test")) : call.get();
    }

    @Override
    public CompletionStage<Answer> reserve(Reservation reservation) {
        return reached(() -> book.reserve(reservation));
    }

    @Override
    public CompletionStage<Void> settle(String request, List<QuotaScope> scopes, boolean served, long tokens) {
        return reached(() -> book.settle(request, scopes, served, tokens));
    }

    @Override
    public CompletionStage<Void> renew(QuotaScope scope, List<String> requests, Duration lease, boolean anew) {
        return reached(() -> book.renew(scope, requests, lease, anew));
    }

    @Override
    public CompletionStage<Attendance> attend(String gateway, Duration lease) {
        return reached(() -> book.attend(gateway, lease));
    }

    @Override
    public CompletionStage<Taken> read(QuotaScope scope, Limits limits) {
        return reached(() -> book.read(scope, limits));
    }

    @Override
    public CompletionStage<Boolean> override(String tenant, LimitChange change, Duration lasting) {
        return reached(() -> book.override(tenant, change, lasting));
    }

    @Override
    public CompletionStage<Void> restore(String tenant) {
        return reached(() -> book.restore(tenant));
    }

    @Override
    public CompletionStage<Void> forget(List<QuotaScope> scopes) {
        return reached(() -> book.forget(scopes));
    }
}
