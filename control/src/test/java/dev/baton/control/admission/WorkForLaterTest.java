package dev.baton.control.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.admission.SimulatedServing.Job;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tenant chats while another has a batch of more than the workers can do in the time, in virtual time. */
class WorkForLaterTest {
    private static final double END = 300;
    private static final int FLEX = -10;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private int batchDone;
    private int sentAway;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aBatchHardlyDelaysFirstTokensOfOthersAndSendsNoneAway(long seed) {
        double alone = p95(seed, 0);
        double beside = p95(seed, 500);
        assertThat(sentAway).as("chats that were told to come again").isZero();
        assertThat(batchDone).as("answers of the batch").isGreaterThan(500);
        assertThat(beside / alone)
                .as("p95 of TTFT, %.3f s beside the batch, %.3f s alone", beside, alone)
                .isLessThan(1.2);
    }

    /** Of chats that arrive three a second, where the workers could do eight. */
    private double p95(long seed, int batch) {
        SimulatedServing serving = new SimulatedServing(2, 1);
        Random random = new Random(seed);
        batchDone = 0;
        for (int i = 0; i < batch; i++) {
            serving.at(0, () -> batch(serving, random));
        }
        List<Double> times = new ArrayList<>();
        Random chats = new Random(seed);
        for (double at = 5; at < END; at -= Math.log(1 - chats.nextDouble()) / 3) {
            int prompt = 50 + chats.nextInt(200);
            int answer = 20 + chats.nextInt(100);
            serving.at(
                    at,
                    () -> serving.gateway(0)
                            .submit(
                                    serving.new Job("chat", "", 1, 0, prompt, answer, done -> times.add(done.ttft())),
                                    PATIENCE)
                            .ifPresent(retryAfter -> sentAway++));
        }
        serving.runUntil(END);
        times.sort(null);
        return times.get(times.size() * 95 / 100);
    }

    private void batch(SimulatedServing serving, Random random) {
        serving.gateway(0)
                .submit(
                        serving
                        .new Job("batch", "", 1, FLEX, 50 + random.nextInt(200), 20 + random.nextInt(100), done -> {
                            batchDone++;
                            batch(serving, random);
                        }),
                        null);
    }
}
