package dev.baton.cluster.leases;

import dev.baton.cluster.redis.PeriodicTask;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to read one lane. Once ended it never comes back; take a new one.
 */
public final class LaneLease implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LaneLease.class);

    /** What was taken. */
    record Term(String topic, int lane, String key, String holder) {}

    private final LaneLeases leases;
    private final Term term;
    private final PeriodicTask task;
    private final LeaseTime time;

    LaneLease(LaneLeases leases, Term term, long askedAt) {
        this.leases = leases;
        this.term = term;
        this.time = new LeaseTime(leases.settings().leaseTtl(), askedAt);
        this.task = new PeriodicTask(
                        "lease-" + term.topic() + "-" + term.lane(),
                        leases.settings().leaseRenewEvery(),
                        this::renew)
                .start();
        LOG.info("Lane {} of {} is taken", term.lane(), term.topic());
    }

    public String topic() {
        return term.topic();
    }

    public int lane() {
        return term.lane();
    }

    /** Whether the lane is surely still ours. Ask before every commit. */
    public boolean held() {
        return time.held(System.nanoTime());
    }

    /** Gives the lane back. */
    @Override
    public void close() {
        boolean was = held();
        time.end();
        task.close();
        if (was) {
            try {
                leases.release(term.key(), term.holder()).toCompletableFuture().join();
            } catch (CompletionException e) {
                LOG.info(
                        "Lane {} of {} could not be given back; it is free after {}",
                        term.lane(),
                        term.topic(),
                        leases.settings().leaseTtl());
            }
        }
    }

    private void renew() {
        if (!held()) {
            if (!time.over()) {
                time.end();
                LOG.warn("Lane {} of {} is lost: its lease was not renewed in time", term.lane(), term.topic());
            }
            return;
        }
        long asked = System.nanoTime();
        try {
            if (leases.renew(term.key(), term.holder()).toCompletableFuture().join()) {
                time.renewed(asked);
            } else {
                time.end();
                LOG.warn("Lane {} of {} is lost: Redis says that another holds it", term.lane(), term.topic());
            }
        } catch (CompletionException e) {
            LOG.warn(
                    "The lease of lane {} of {} was not renewed: {}",
                    term.lane(),
                    term.topic(),
                    String.valueOf(e.getCause()));
        }
    }
}
