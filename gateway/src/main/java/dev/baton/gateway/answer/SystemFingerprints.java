package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.WorkerBits;
import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.SpecialTokensInText;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code system_fingerprint} of answers: another one when the same request, seed included, may get another answer, and only
 * then. Any thread.
 *
 * <p>It is made of a text in words of its own: what this gateway makes of a request, and what workers make of that. A
 * fingerprint that begins with {@link #INEXACT} promises nothing: the workers differ, or batches change what one of them
 * computes.
 */
public final class SystemFingerprints {
    /** Of the code that makes tokens of a request and text of an answer: changes whenever it makes others. */
    private static final int PROMPT_VERSION = 1;

    private static final String EXACT = "fp_";
    private static final String INEXACT = "fp_inexact_";
    private static final int BYTES = 8;

    private final String model;
    private final Dispatcher dispatcher;
    private final String prompts;
    private volatile Made last = new Made(Set.of(), Optional.empty());

    private record Made(Set<WorkerBits> of, Optional<String> fingerprint) {}

    /** @param spelled what becomes of text in a conversation that spells a special token */
    public SystemFingerprints(ServedModel model, SpecialTokensInText spelled, Dispatcher dispatcher) {
        this.model = model.name();
        this.dispatcher = dispatcher;
        this.prompts = prompts(model, spelled);
    }

    /** Of an answer that is asked for now; empty while no worker lives that could be asked. */
    public Optional<String> current() {
        return of(dispatcher.bits(model));
    }

    /** The same of a model by its name; empty for another than the one that this gateway serves. */
    public Optional<String> current(String name) {
        return name.equals(model) ? current() : Optional.empty();
    }

    /** Of the answers of these workers; empty for none. */
    Optional<String> of(Set<WorkerBits> workers) {
        Made known = last;
        if (!known.of.equals(workers)) {
            known = new Made(Set.copyOf(workers), made(workers));
            last = known;
        }
        return known.fingerprint;
    }

    private Optional<String> made(Set<WorkerBits> workers) {
        if (workers.isEmpty()) {
            return Optional.empty();
        }
        boolean exact = workers.size() == 1 && workers.iterator().next().exact();
        return Optional.of((exact ? EXACT : INEXACT) + digest(text(workers)));
    }

    /** What a fingerprint is made of. */
    String text(Set<WorkerBits> workers) {
        return prompts + workers.stream().map(SystemFingerprints::line).sorted().collect(Collectors.joining());
    }

    private static String line(WorkerBits worker) {
        return "worker: model " + HexFormat.of().toHexDigits(worker.model()) + ", sampling " + worker.sampling()
                + (worker.exact() ? ", exact\n" : ", not exact\n");
    }

    private static String prompts(ServedModel model, SpecialTokensInText spelled) {
        Sampling defaults = model.defaults();
        return "baton system fingerprint " + PROMPT_VERSION + "\ntokenizer: "
                + model.tokenizer().digests().vocabulary()
                + "\nchat template: " + model.tokenizer().digests().templates()
                + "\nspecial tokens in text: "
                + switch (spelled) {
                    case TEXT -> "text";
                    case REFUSE -> "refused";
                    case PARSE -> "tokens";
                }
                + "\nstop tokens: "
                + Arrays.stream(model.tokenizer().stopIds())
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" "))
                + "\ntemperature: " + Float.toHexString(defaults.getTemperature())
                + "\ntop_k: " + defaults.getTopK()
                + "\ntop_p: " + (defaults.hasTopP() ? Float.toHexString(defaults.getTopP()) : "none")
                + "\nmin_p: " + Float.toHexString(defaults.getMinP())
                + "\nrepetition_penalty: "
                + (defaults.hasRepetitionPenalty() ? Float.toHexString(defaults.getRepetitionPenalty()) : "none")
                + "\n";
    }

    private static String digest(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
