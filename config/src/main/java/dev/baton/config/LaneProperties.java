package dev.baton.config;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The topics of work and how they are read.
 *
 * @param count lanes (partitions) of each work topic: the most workers that a role can have
 * @param replicas copies of each record; on one broker 1
 * @param retention how long an unread job stays; at least the longest deadline
 * @param maxTokens tokens of the longest job; the size limit of a record follows from it
 * @param outstanding jobs that a worker has read and not begun before it stops reading
 * @param deliveries after this many failed attempts a job becomes a dead letter
 * @param deadPrompts whether dead letters keep the prompt's tokens
 * @param sendTimeout after this a record that Kafka has not confirmed counts as not sent
 * @param startTimeout how long a start waits for Kafka and its topics
 */
@Validated
@ConfigurationProperties("baton.lanes")
public record LaneProperties(
        @DefaultValue("8") @Min(1) @Max(1024) int count,
        @DefaultValue("1") @Min(1) @Max(16) int replicas,
        @DefaultValue("1h") @DurationMin(seconds = 1) Duration retention,
        @DefaultValue("131072") @Min(1) int maxTokens,
        @DefaultValue("256") @Min(1) int outstanding,
        @DefaultValue("3") @Min(1) int deliveries,
        @DefaultValue("false") boolean deadPrompts,
        @DefaultValue("2s") @DurationMin(millis = 1) Duration sendTimeout,
        @DefaultValue("30s") @DurationMin(millis = 1) Duration startTimeout) {
    /** A token id is a varint of at most five bytes. */
    private static final int TOKEN_BYTES = 5;

    /** Everything of a job that is not a token: ids, sampling with its bias map, addresses. */
    private static final int OTHER_BYTES = 1 << 20;

    /** The size limit of a record, before compression. */
    public DataSize maxRecord() {
        return DataSize.ofBytes((long) maxTokens * TOKEN_BYTES + OTHER_BYTES);
    }
}
