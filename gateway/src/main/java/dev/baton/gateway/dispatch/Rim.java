package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import java.time.Clock;

/** All that a request reaches beyond its loop. Any thread may use each part. */
record Rim(Outward outward, Placement placement, AdmissionGate gate, CompletionRecorder recorder, Clock clock) {
    /** What leaves this process; {@code gateway} is the name that tokens come back to. */
    record Outward(RequestStore store, JobPublisher jobs, TokenStreams streams, String gateway) {}

    RequestStore store() {
        return outward.store;
    }

    JobPublisher jobs() {
        return outward.jobs;
    }

    TokenStreams streams() {
        return outward.streams;
    }

    String gateway() {
        return outward.gateway;
    }
}
