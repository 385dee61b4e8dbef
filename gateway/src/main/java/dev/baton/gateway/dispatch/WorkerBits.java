package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.WorkerState;

/**
 * What decides the tokens that a worker makes of a prompt.
 *
 * @param model fingerprint of weights and arithmetic
 * @param sampling version of the rules that draw tokens from logits; 0 where the worker's build does not say
 * @param exact whether it makes the same tokens in any batch
 */
public record WorkerBits(long model, int sampling, boolean exact) {
    public static WorkerBits of(WorkerState state) {
        return new WorkerBits(state.getModelFingerprint(), state.getSamplingVersion(), state.getExact());
    }
}
