package dev.baton.control.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.admission.SimulatedServing.Job;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Four times as many clients as fit, each of which asks again as soon as it has its answer, in virtual time. */
class ClosedLoopTest {
    private static final int WORKERS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(8);
    /** A client more than these for each place, and some wait longer than they would, with every client let in at once. */
    private static final int FIT = 2 * WORKERS * SimulatedServing.SLOTS;

    private static final double WARM = 120;
    private static final double END = 420;

    private final Random random = new Random(5);

    /** What the clients of one run got. */
    private static final class Outcome {
        private int good;
        private int done;
        private int cameBack;
        private int atFirstRetry;
    }

    private final class Client {
        private final SimulatedServing serving;
        private final int number;
        private final boolean obeys;
        private final Outcome outcome;
        private int asked;

        Client(SimulatedServing serving, int number, boolean obeys, Outcome outcome) {
            this.serving = serving;
            this.number = number;
            this.obeys = obeys;
            this.outcome = outcome;
        }

        void ask(@Nullable Duration patience) {
            String body = number + "/" + asked++;
            int prompt = 50 + random.nextInt(200);
            int answer = 20 + random.nextInt(100);
            ask(body, prompt, answer, patience, 0);
        }

        private void ask(String body, int prompt, int answer, @Nullable Duration patience, int retries) {
            Job job = serving.new Job("tenant " + number % 4, body, 1, 0, prompt, answer, done -> {
                if (serving.now() > WARM) {
                    outcome.done++;
                    outcome.good += done.ttft() <= PATIENCE.toSeconds() ? 1 : 0;
                }
                ask(patience);
            });
            Optional<Double> later = serving.gateway(number / 4).submit(job, patience);
            if (retries == 1 && obeys && serving.now() > WARM) {
                outcome.cameBack++;
                outcome.atFirstRetry += later.isEmpty() ? 1 : 0;
            }
            later.ifPresent(seconds -> serving.at(
                    serving.now() + (obeys ? seconds + random.nextDouble() : 0.2 + 2 * random.nextDouble()),
                    () -> ask(body, prompt, answer, patience, retries + 1)));
        }
    }

    private Outcome run(int gateways, int clients, double obeying, @Nullable Duration patience) {
        SimulatedServing serving = new SimulatedServing(WORKERS, gateways);
        Outcome outcome = new Outcome();
        for (int number = 0; number < clients; number++) {
            Client client = new Client(serving, number, random.nextDouble() < obeying, outcome);
            serving.at(random.nextDouble() * 20, () -> client.ask(patience));
        }
        serving.runUntil(END);
        return outcome;
    }

    @ParameterizedTest
    @CsvSource({"1, 1.0", "1, 0.7", "4, 1.0", "4, 0.7"})
    void whoObeysIsLetInAtTheFirstRetryAndNoTimeIsLost(int gateways, double obeying) {
        // As many as keep every place busy and hardly wait, all let in: nothing better can be had of these workers.
        Outcome best = run(gateways, 3 * WORKERS * SimulatedServing.SLOTS / 2, 1, null);
        Outcome outcome = run(gateways, 4 * FIT, obeying, PATIENCE);
        double first = (double) outcome.atFirstRetry / outcome.cameBack;
        double goodput = (double) outcome.good / best.good;
        assertThat(first)
                .as("let in at the first retry, of %d", outcome.cameBack)
                .isGreaterThan(0.9);
        assertThat(goodput).as("%d of %d in time", outcome.good, best.good).isGreaterThan(0.9);
    }
}
