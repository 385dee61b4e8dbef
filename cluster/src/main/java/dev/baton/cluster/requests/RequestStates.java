package dev.baton.cluster.requests;

import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.cluster.redis.ScriptRunner;
import dev.baton.control.CasOutcome;
import dev.baton.control.Phase;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/**
 * Request states in Redis, one hash each: {@code <cluster>:req:<id>} with the attempt's number and nonce, the phase, the
 * owner as {@code gateway|epoch}, and per claimed phase {@code worker|epoch}; the same with {@code second.} before it while
 * two attempts are live. A hash outlives its request's deadline by a margin.
 *
 * <p>Only the owning gateway brings a request into being: {@link #create}, and {@link #raise} when Redis came back
 * empty. A worker's claim on what is not there is refused. All calls fail with an exception when Redis does not answer
 * in time; the change may then have been made, and repeating the call tells ({@link CasOutcome#ALREADY}).
 */
public final class RequestStates {
    private static final HexFormat HEX = HexFormat.of();
    private static final Script CREATE = script("create");
    private static final Script RAISE = script("raise");
    private static final Script HEDGE = script("hedge");
    private static final Script SETTLE = script("settle");
    private static final Script CLAIM = script("claim");
    private static final Script END = script("end");
    private static final Script ADOPT = script("adopt");

    private final ClusterNames names;
    private final ScriptRunner scripts;
    private final Duration margin;

    /**
     * @param margin how long a state outlives its deadline
     * @param timeout after which a call fails
     */
    public RequestStates(ReactiveStringRedisTemplate redis, ClusterNames names, Duration margin, Duration timeout) {
        this(new RedisScripts(redis, timeout), names, margin);
    }

    /** By whatever runs the scripts. */
    RequestStates(ScriptRunner scripts, ClusterNames names, Duration margin) {
        this.names = names;
        this.scripts = scripts;
        this.margin = margin;
    }

    /** Records a new request, QUEUED, for the time that it has left and a margin. {@link CasOutcome#REFUSED} when the id is taken. */
    public CompletionStage<CasOutcome> create(String requestId, Attempt attempt, GatewayRef owner, Duration left) {
        return run(CREATE, requestId, number(attempt), nonce(attempt), life(owner), expiry(left));
    }

    /** Makes {@code to} the attempt that counts, QUEUED again, in place of any lower one. */
    public CompletionStage<CasOutcome> raise(String requestId, Attempt to, GatewayRef owner, Duration left) {
        return run(RAISE, requestId, number(to), nonce(to), life(owner), expiry(left));
    }

    /**
     * Makes this gateway the owner, in place of one whose lease of the answer has ended: that one can change nothing here
     * any more. Gives the highest number of its attempts, 0 when Redis knows none.
     */
    public CompletionStage<Integer> adopt(String requestId, GatewayRef owner) {
        return scripts.run(ADOPT, List.of(key(requestId)), life(owner)).thenApply(Integer::valueOf);
    }

    /**
     * Makes a second attempt live beside the current one: each may be claimed. {@link CasOutcome#SUPERSEDED} when that is
     * not the current one.
     */
    public CompletionStage<CasOutcome> hedge(String requestId, Attempt second, Attempt beside, GatewayRef owner) {
        return run(HEDGE, requestId, number(second), nonce(second), life(owner), number(beside), nonce(beside));
    }

    /** Of two live attempts leaves this one; the other can no longer be claimed. */
    public CompletionStage<CasOutcome> settle(String requestId, Attempt winner, GatewayRef owner) {
        return run(SETTLE, requestId, number(winner), nonce(winner), life(owner));
    }

    /** A worker takes a live attempt into a phase: PREFILLING, HANDED_OFF or DECODING. */
    public CompletionStage<CasOutcome> claim(String requestId, Attempt attempt, Phase phase, WorkerRef worker) {
        String from = Arrays.stream(Phase.values())
                .filter(before -> before.mayBeClaimedFor(phase))
                .map(Phase::name)
                .collect(Collectors.joining(",", ",", ","));
        if (from.equals(",,")) {
            throw new IllegalArgumentException(phase + " is not a phase that a worker claims");
        }
        return run(CLAIM, requestId, number(attempt), nonce(attempt), phase.name(), from, life(worker));
    }

    /** The owner says how the request ended: DONE, FAILED or CANCELLED. Also ends an earlier attempt that stands there. */
    public CompletionStage<CasOutcome> end(String requestId, Attempt attempt, Phase phase, GatewayRef owner) {
        if (!phase.ended()) {
            throw new IllegalArgumentException(phase + " is not an end");
        }
        return run(END, requestId, number(attempt), nonce(attempt), phase.name(), life(owner));
    }

    private CompletionStage<CasOutcome> run(Script script, String requestId, String... arguments) {
        return scripts.run(script, List.of(key(requestId)), arguments).thenApply(CasOutcome::valueOf);
    }

    /** Relative, since Redis' machine has a clock of its own. */
    private String expiry(Duration left) {
        return Long.toString((left.isNegative() ? margin : left.plus(margin)).toMillis());
    }

    private String key(String requestId) {
        return names.key("req:" + requestId);
    }

    private static String number(Attempt attempt) {
        return Integer.toString(attempt.getNumber());
    }

    private static String nonce(Attempt attempt) {
        return HEX.toHexDigits(attempt.getNonce());
    }

    private static String life(WorkerRef worker) {
        return worker.getId() + "|" + HEX.toHexDigits(worker.getEpoch());
    }

    private static String life(GatewayRef gateway) {
        return gateway.getId() + "|" + HEX.toHexDigits(gateway.getEpoch());
    }

    private static Script script(String name) {
        return Script.read(RequestStates.class, name + ".lua");
    }
}
