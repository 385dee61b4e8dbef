package dev.baton.cluster.redis;

import dev.baton.cluster.redis.RedisScripts.Script;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** What runs scripts: Redis, or in tests a model of it. Any thread. */
public interface ScriptRunner {
    /**
     * Runs a script on keys, of one hash tag where Redis is a cluster.
     *
     * @return its answer; fails when there is none in time, when Redis refuses or cannot be reached
     */
    CompletionStage<String> run(Script script, List<String> keys, String... arguments);
}
