package dev.baton.bench.masks;

import dev.baton.bench.engine.DecodeStep;
import dev.baton.bench.engine.HostDescription;
import dev.baton.grammar.Vocabulary;
import dev.baton.tokenizer.ModelTokenizer;
import dev.baton.tokenizer.TokenSpellings;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** {@code baton bench masks}: what guaranteed structure costs, or whether it holds. */
public final class MaskBench {
    private MaskBench() {}

    /** A model's vocabulary and the tokens that end its answers. */
    record Tokens(TokenSpellings spellings, Vocabulary vocabulary, Set<Integer> stops) {
        static Tokens read(Path model) throws IOException {
            TokenSpellings spellings = TokenSpellings.read(model);
            try (ModelTokenizer tokenizer = ModelTokenizer.open(model)) {
                Set<Integer> stops = Arrays.stream(tokenizer.stopIds()).boxed().collect(Collectors.toSet());
                return new Tokens(spellings, new Vocabulary(spellings.bytes(), spellings.special()), stops);
            }
        }
    }

    /** Ends with 0, with 1 when an answer was invalid, with 2 when the options make no sense. */
    static void main(String... arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String home = System.getProperty("baton.home", "");
        int status = 0;
        try {
            MaskOptions options = MaskOptions.parse(Path.of(home), arguments);
            if (options.help()) {
                out.print(MaskOptions.HELP);
            } else {
                status = run(options, out);
            }
        } catch (IllegalArgumentException e) {
            System.err.println("baton bench masks: " + e.getMessage());
            status = 2;
        }
        System.exit(status);
    }

    private static int run(MaskOptions options, PrintStream out) throws IOException {
        Tokens tokens = Tokens.read(options.model());
        if (options.answers() > 0) {
            boolean held = new RandomAnswers(options, tokens).run(out);
            out.println(HostDescription.describe());
            return held ? 0 : 1;
        }
        double step = DecodeStep.millis(options.model(), options.threads());
        long start = System.nanoTime();
        Vocabulary again =
                new Vocabulary(tokens.spellings().bytes(), tokens.spellings().special());
        double vocabulary = (System.nanoTime() - start) / 1e6;
        new MaskTimes(options, tokens, step).run(out);
        out.println();
        out.println(HostDescription.describe());
        out.printf(
                Locale.ROOT,
                "- %,d tokens, read into a tree in %.0f ms; %d answers a structure; the quickest decode step of %d sequences at"
                        + " %d tokens: %.2f ms (%d threads)%n",
                again.size(),
                vocabulary,
                options.draws(),
                DecodeStep.ROWS,
                DecodeStep.CONTEXT,
                step,
                options.threads());
        return 0;
    }
}
