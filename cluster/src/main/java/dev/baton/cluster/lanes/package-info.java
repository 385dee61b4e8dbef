/**
 * Work on Kafka: a lane is one partition, written by gateways and prefill workers and read by the one worker that holds
 * its lease. A {@link dev.baton.cluster.lanes.LaneConsumer} owns one platform thread and is the only user of its Kafka
 * consumer; records are completed from any thread and in any order.
 */
@NullMarked
package dev.baton.cluster.lanes;

import org.jspecify.annotations.NullMarked;
