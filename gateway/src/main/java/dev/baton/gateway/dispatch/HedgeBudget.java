package dev.baton.gateway.dispatch;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/** Lets at most a tenth of the requests under way, but one in any case, have a second attempt at once. Any thread. */
final class HedgeBudget {
    private static final int SHARE = 10;

    private final IntSupplier requests;
    private final AtomicInteger taken = new AtomicInteger();

    /** @param requests under way now */
    HedgeBudget(IntSupplier requests) {
        this.requests = requests;
    }

    /** True when another may begin; it is given back with {@link #giveBack}. */
    boolean take() {
        int most = Math.max(1, requests.getAsInt() / SHARE);
        return taken.getAndUpdate(now -> now < most ? now + 1 : now) < most;
    }

    void giveBack() {
        taken.decrementAndGet();
    }

    int taken() {
        return taken.get();
    }
}
