package dev.baton.worker;

import dev.baton.engine.Device;
import dev.baton.engine.draft.Speculation;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The engine of a worker. What all workers of a model round to is {@link dev.baton.config.ArithmeticProperties}.
 *
 * @param device where the model runs: CPU, or CUDA for the first GPU, without which the start fails
 * @param threads CPU threads of the products; 0 = all cores
 * @param maxSequences sequences in the engine at one time; 0 = the role's own
 * @param stepTokens rows of one step; 0 = the role's own
 * @param speculation whether tokens are guessed ahead: OFF, AUTO where it pays, or ON wherever something can be guessed
 * @param guesses of one sequence in one step, at most
 * @param drain how long a stopping worker waits until its sequences have gone elsewhere or finished
 * @param keepKv how long after that a worker which had sequences keeps their KV for those who go on
 */
@Validated
@ConfigurationProperties("baton.engine")
public record EngineProperties(
        @DefaultValue("CPU") @NotNull Device device,
        @DefaultValue("0") @Min(0) @Max(256) int threads,
        @DefaultValue("0") @Min(0) @Max(4096) int maxSequences,
        @DefaultValue("0") @Min(0) @Max(65536) int stepTokens,
        @DefaultValue("OFF") @NotNull Speculation.Mode speculation,
        @DefaultValue("7") @Min(1) @Max(Speculation.LIMIT) int guesses,

        @DefaultValue("5s") @NotNull @DurationMin(millis = 0)
        Duration drain,

        @DefaultValue("2s") @NotNull @DurationMin(millis = 0)
        Duration keepKv) {
    int threadsOr(int cores) {
        return threads == 0 ? cores : threads;
    }
}
