package dev.baton.worker;

import dev.baton.transfer.session.TransportChoice;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How KV moves between workers.
 *
 * @param transport AUTO: shared memory where a pair can map each other's pool, else TCP
 * @param ticketWithin a prefill worker that has got no ticket this long after its last layer gives the handoff up
 * @param arriveWithin a decode worker that has not got all KV this long after it asked gives up
 * @param fetchWithin blocks that a worker has asked another for by name and that have not come this long after are computed
 */
@Validated
@ConfigurationProperties("baton.transfer")
public record TransferProperties(
        @DefaultValue("AUTO") @NotNull TransportChoice transport,

        @DefaultValue("10m") @NotNull @DurationMin(millis = 1)
        Duration ticketWithin,

        @DefaultValue("2m") @NotNull @DurationMin(millis = 1)
        Duration arriveWithin,

        @DefaultValue("2s") @NotNull @DurationMin(millis = 1)
        Duration fetchWithin) {}
