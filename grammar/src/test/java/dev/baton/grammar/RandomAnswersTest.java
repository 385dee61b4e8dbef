package dev.baton.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Structure;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Draws answers at random under random schemas. */
class RandomAnswersTest {
    private static final int SCHEMAS = Integer.getInteger("schemas", 400);
    private static final int ANSWERS = 5;
    private static final int MOST_TOKENS = 3_000;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private final TestVocabulary tokens = new TestVocabulary();
    private final Vocabulary vocabulary = tokens.vocabulary();

    @Test
    void everyAnswerSatisfiesItsSchemaAndNearlyAllEnd() {
        int unfinished = 0;
        for (int seed = 0; seed < SCHEMAS; seed++) {
            JsonNode schema = new RandomSchema(seed).next();
            TokenGrammar grammar = grammar(schema);
            SchemaChecker checker = new SchemaChecker(schema);
            for (int answer = 0; answer < ANSWERS; answer++) {
                String text = draw(grammar, new Random(31L * seed + answer));
                if (text == null) {
                    unfinished++;
                } else {
                    assertThat(satisfies(checker, text))
                            .as("%s of %s", text, schema)
                            .isTrue();
                }
            }
        }
        assertThat(unfinished).isLessThan(SCHEMAS * ANSWERS / 20);
    }

    @Test
    void aMaskHasExactlyTheTokensThatCanBeAccepted() {
        for (int seed = 0; seed < 40; seed++) {
            JsonNode schema = new RandomSchema(seed).next();
            TokenGrammar grammar = grammar(schema);
            TokenMatcher matcher = grammar.matcher();
            Random random = new Random(seed);
            for (int step = 0; step < 30; step++) {
                List<Integer> allowed = allowed(matcher);
                List<Integer> accepted = IntStream.range(0, vocabulary.size())
                        .filter(matcher::allows)
                        .boxed()
                        .toList();
                assertThat(allowed).isEqualTo(accepted);
                if (allowed.isEmpty()) {
                    break;
                }
                matcher.accept(allowed.get(random.nextInt(allowed.size())));
            }
        }
    }

    @Test
    void theStateFollowsFromTheAcceptedTokensAlone() {
        for (int seed = 0; seed < 40; seed++) {
            JsonNode schema = new RandomSchema(seed).next();
            TokenMatcher first = grammar(schema).matcher();
            TokenGrammar elsewhere = grammar(schema);
            List<Integer> accepted = new ArrayList<>();
            Random random = new Random(seed);
            for (int step = 0; step < 40; step++) {
                TokenMatcher replayed = elsewhere.matcher();
                accepted.forEach(replayed::accept);
                assertThat(replayed.allowed()).isEqualTo(first.allowed());
                assertThat(replayed.complete()).isEqualTo(first.complete());
                List<Integer> allowed = allowed(first);
                if (allowed.isEmpty()) {
                    break;
                }
                int token = allowed.get(random.nextInt(allowed.size()));
                first.accept(token);
                accepted.add(token);
            }
        }
    }

    private static boolean satisfies(SchemaChecker checker, String text) {
        try {
            return checker.accepts(JSON.readTree(text));
        } catch (JacksonException | DateTimeException e) {
            return false;
        }
    }

    private TokenGrammar grammar(JsonNode schema) {
        return new TokenGrammar(
                Grammar.of(
                        Structure.newBuilder().setJsonSchema(schema.toString()).build()),
                vocabulary);
    }

    private List<Integer> allowed(TokenMatcher matcher) {
        List<Integer> allowed = new ArrayList<>();
        long[] mask = matcher.allowed();
        for (int token = 0; token < vocabulary.size(); token++) {
            if ((mask[token >> 6] >> token & 1) != 0) {
                allowed.add(token);
            }
        }
        return allowed;
    }

    /** Null when the answer does not end in time. */
    private @Nullable String draw(TokenGrammar grammar, Random random) {
        TokenMatcher matcher = grammar.matcher();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int step = 0; step < MOST_TOKENS; step++) {
            List<Integer> allowed = allowed(matcher);
            if (matcher.complete() && (allowed.isEmpty() || random.nextInt(4) == 0)) {
                return decoded(text);
            }
            assertThat(allowed).as("after %s", text).isNotEmpty();
            int token = allowed.get(random.nextInt(allowed.size()));
            matcher.accept(token);
            text.writeBytes(tokens.bytes(token));
        }
        return null;
    }

    private static String decoded(ByteArrayOutputStream text) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new AssertionError("half a character in " + text, e);
        }
    }
}
