package dev.baton.cli.bench;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Prompts of a wanted length, each different from its first word on, so that no prefix cache can answer them. Seeded. */
public final class Prompts {
    private static final List<String> WORDS = List.of(
            "the", "fox", "and", "a", "small", "bird", "went", "to", "river", "with", "old", "friend", "under", "tree",
            "in", "morning", "they", "found", "red", "stone", "near", "house", "of", "baker", "who", "said", "good",
            "day");

    private final RandomGenerator random;

    public Prompts(long seed) {
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** Text of about {@code words} words; the demo model makes about 1.3 tokens of one. */
    public synchronized String text(int words) {
        StringBuilder text =
                new StringBuilder("Story ").append(random.nextInt(1_000_000)).append(':');
        for (int i = 0; i < words; i++) {
            text.append(' ').append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return text.append('.').toString();
    }

    /** Exponential gap between arrivals of a Poisson process. */
    synchronized long gapNanos(double perSecond) {
        return (long) (-Math.log(1 - random.nextDouble()) / perSecond * 1e9);
    }
}
