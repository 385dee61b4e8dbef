package dev.baton.cluster.directory;

/** Makes the KV directory of one model, whose fingerprint is known once the model is open. */
@FunctionalInterface
public interface KvDirectories {
    RedisKvDirectory of(long modelFingerprint);
}
