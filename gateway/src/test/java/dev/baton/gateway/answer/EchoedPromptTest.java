package dev.baton.gateway.answer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ModelTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A long prompt is made text as it is said: in short pieces, without what was added before it. */
class EchoedPromptTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLongPromptIsSaidInPieces(boolean scored) throws Exception {
        String text = "wörd 😀 ".repeat(2_000);
        try (ModelTokenizer tokenizer = ModelTokenizer.open(Path.of("..", "models", "demo"))) {
            int[] ids = tokenizer.encodePrompt("Added. " + text, 1_000_000).ids();
            int added = tokenizer.decode(ids, false).length() - text.length();
            EchoedPrompt prompt = new EchoedPrompt(new Echo(added, false), ids, tokenizer);
            List<TokenLogprob> scores = scored
                    ? Collections.nCopies(
                            ids.length - 1,
                            TokenLogprob.newBuilder().setLogprob(-1).build())
                    : List.of();
            List<String> pieces = new ArrayList<>();
            int[] count = {0};
            prompt.sayTo(
                    (piece, logprobs) -> {
                        pieces.add(piece);
                        count[0] += logprobs == null ? 0 : logprobs.count();
                        return true;
                    },
                    scores);
            assertThat(String.join("", pieces)).isEqualTo(text);
            assertThat(pieces).allSatisfy(piece -> assertThat(piece).hasSizeLessThan(3_000));
            assertThat(count[0]).isEqualTo(scored ? ids.length : 0);
            List<String> refused = new ArrayList<>();
            prompt.sayTo(
                    (piece, logprobs) -> {
                        refused.add(piece);
                        return false;
                    },
                    scores);
            assertThat(refused).hasSize(1);
        }
    }
}
