package dev.baton.cli.chaos;

import dev.baton.cli.bench.TimedStream;
import dev.baton.cli.chaos.faults.Proof;
import dev.baton.cli.chaos.faults.Quiet;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.client.ResumingChat;
import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/** Clients that ask one case after another until they are told to stop; refused ones ask again, as real clients do. */
final class ChaosLoad implements Quiet, AutoCloseable {
    private static final int MOST_REFUSALS = 40;
    /** Of the clients; the others end with their connection. */
    private static final int ONE_OF_SO_MANY_RESUMES = 3;

    private static final Duration BEFORE_RETRY = Duration.ofMillis(500);
    private static final Duration QUIET_WITHIN = Duration.ofSeconds(60);

    private final List<GatewayClient> gateways;
    private final List<Answer> answers = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    /** Shared by those who ask, held alone by who wants quiet. In turn, so that a crowd of askers does not starve it. */
    private final ReentrantReadWriteLock asking = new ReentrantReadWriteLock(true);

    private volatile boolean stopping;

    ChaosLoad(List<GatewayClient> gateways, Cases cases, int clients, long seed) {
        this.gateways = List.copyOf(gateways);
        for (int i = 0; i < clients; i++) {
            int client = i;
            Random random = new Random(seed + i);
            threads.execute(() -> {
                while (!stopping) {
                    answers.add(ask(client, cases.any(random)));
                }
            });
        }
    }

    /** At the client's own gateway first; each refusal sends it to the next one, as a load balancer would. */
    private Answer ask(int client, Cases.Case one) {
        for (int refusals = 0; ; refusals++) {
            TimedStream stream = new TimedStream();
            List<GatewayClient> inTurn = new ArrayList<>(gateways);
            Collections.rotate(inTurn, -(client + refusals));
            ResumingChat resuming = client % ONE_OF_SO_MANY_RESUMES == 0 ? new ResumingChat(inTurn) : null;
            asking.readLock().lock();
            try {
                if (resuming == null) {
                    stream.ask(inTurn.getFirst(), one.chat().deepCopy());
                } else {
                    stream.ask(resuming, one.chat().deepCopy());
                }
            } finally {
                asking.readLock().unlock();
            }
            if (!Answer.refused(stream.failure()) || refusals == MOST_REFUSALS) {
                return new Answer(
                        stream, one.undisturbed(), refusals, resuming == null ? Answer.PLAIN : resuming.breaks());
            }
            Proof.sleep(BEFORE_RETRY);
        }
    }

    @Override
    public <T> T during(Supplier<T> deed) {
        try {
            if (!asking.writeLock().tryLock(QUIET_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                throw new CliException(
                        "fault not applied: answers under way did not end within " + QUIET_WITHIN.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
        try {
            return deed.get();
        } finally {
            asking.writeLock().unlock();
        }
    }

    /** Those that have ended. */
    List<Answer> answers() {
        return List.copyOf(answers);
    }

    /** Returns when all that was asked is answered. */
    @Override
    public void close() {
        stopping = true;
        threads.close();
    }
}
