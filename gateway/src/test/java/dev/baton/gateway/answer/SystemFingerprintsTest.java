package dev.baton.gateway.answer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.WorkerBits;
import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.ModelTokenizer;
import dev.baton.tokenizer.SpecialTokensInText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemFingerprintsTest {
    private static final Path DEMO = Path.of("..", "models", "demo");
    private static final WorkerBits WORKER = new WorkerBits(0x0123_4567_89ab_cdefL, 1, true);
    private static final Sampling DEFAULTS =
            Sampling.newBuilder().setTemperature(0.5f).setTopP(0.75f).build();

    @TempDir
    Path folder;

    /** What fails here tells clients of other bits. */
    @Test
    void areMadeOfTheTextThatIsWrittenDown() throws IOException {
        SystemFingerprints fingerprints = of(DEMO, DEFAULTS, SpecialTokensInText.TEXT);
        assertThat(fingerprints.text(Set.of(WORKER))).isEqualTo("""
                baton system fingerprint 1
                tokenizer: 06924751927e812a04656172a17375b9901cde3daf2f7ab8cac221ed93c04ed7
                chat template: 51839e3235b7a4d83b31d6a31e1aab0e0c1dd24bd2c93c2aaf0e8f5a89694aa1
                special tokens in text: text
                stop tokens: 1 7
                temperature: 0x1.0p-1
                top_k: 0
                top_p: 0x1.8p-1
                min_p: 0x0.0p0
                repetition_penalty: none
                worker: model 0123456789abcdef, sampling 1, exact
                """);
        assertThat(fingerprints.of(Set.of(WORKER))).contains("fp_94261ff181a7b280");
    }

    @Test
    void changeWithWhatWorkersMakeOfAPrompt() throws IOException {
        SystemFingerprints fingerprints = of(DEMO, DEFAULTS, SpecialTokensInText.TEXT);
        WorkerBits other = new WorkerBits(2, 1, true);
        assertThat(Stream.of(
                                Set.of(WORKER),
                                Set.of(other),
                                Set.of(new WorkerBits(WORKER.model(), 2, true)),
                                Set.of(new WorkerBits(WORKER.model(), 1, false)),
                                Set.of(WORKER, other))
                        .map(workers -> fingerprints.of(workers).orElseThrow()))
                .doesNotHaveDuplicates();
        assertThat(fingerprints.of(Set.of(WORKER))).isEqualTo(fingerprints.of(Set.of(WORKER)));
    }

    @Test
    void sayWhereNothingIsPromised() throws IOException {
        SystemFingerprints fingerprints = of(DEMO, DEFAULTS, SpecialTokensInText.TEXT);
        assertThat(fingerprints.of(Set.of(WORKER)).orElseThrow()).matches("fp_[0-9a-f]{16}");
        assertThat(fingerprints.of(Set.of(new WorkerBits(1, 1, false))).orElseThrow())
                .matches("fp_inexact_[0-9a-f]{16}");
        assertThat(fingerprints.of(Set.of(WORKER, new WorkerBits(2, 1, true))).orElseThrow())
                .startsWith("fp_inexact_");
        assertThat(fingerprints.of(Set.of())).isEmpty();
    }

    @Test
    void changeWithWhatThisGatewayMakesOfARequest() throws IOException {
        List<SystemFingerprints> all = new ArrayList<>();
        for (SpecialTokensInText spelled : SpecialTokensInText.values()) {
            all.add(of(DEMO, DEFAULTS, spelled));
        }
        all.add(of(DEMO, DEFAULTS.toBuilder().setTemperature(0.25f).build(), SpecialTokensInText.TEXT));
        all.add(of(DEMO, DEFAULTS.toBuilder().clearTopP().build(), SpecialTokensInText.TEXT));
        all.add(of(DEMO, DEFAULTS.toBuilder().setTopK(3).build(), SpecialTokensInText.TEXT));
        all.add(of(DEMO, DEFAULTS.toBuilder().setMinP(0.5f).build(), SpecialTokensInText.TEXT));
        all.add(of(DEMO, DEFAULTS.toBuilder().setRepetitionPenalty(2).build(), SpecialTokensInText.TEXT));
        all.add(edited("template", "tokenizer_config.json", "{{- bos_token }}", "{{- eos_token }}"));
        all.add(edited("names", "tokenizer_config.json", "\"pad_token\"", "\"padding_token\""));
        all.add(edited("tokenizer", "tokenizer.json", "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}"));
        all.add(edited("stops", "generation_config.json", "7", "8"));
        assertThat(all.stream().map(each -> each.of(Set.of(WORKER)).orElseThrow()))
                .doesNotHaveDuplicates();
    }

    @Test
    void areTheSameForAnotherNameContextOrLayoutOfTheFiles() throws IOException {
        SystemFingerprints plain = of(DEMO, DEFAULTS, SpecialTokensInText.TEXT);
        SystemFingerprints spaced =
                edited("spaced", "tokenizer.json", "\"normalizer\": null", "\"normalizer\" :  null ");
        ServedModel other = new ServedModel("other", ModelTokenizer.open(DEMO), 7, DEFAULTS, 9);
        assertThat(Stream.of(
                                plain,
                                spaced,
                                new SystemFingerprints(other, SpecialTokensInText.TEXT, new Workers(Set.of())))
                        .map(each -> each.of(Set.of(WORKER)).orElseThrow())
                        .distinct())
                .hasSize(1);
    }

    @Test
    void currentOnesFollowTheWorkers() throws IOException {
        SystemFingerprints fingerprints = of(DEMO, DEFAULTS, SpecialTokensInText.TEXT);
        assertThat(fingerprints.current()).isEqualTo(fingerprints.of(Set.of(WORKER)));
        assertThat(fingerprints.current("m")).isEqualTo(fingerprints.current());
        assertThat(fingerprints.current("another")).isEmpty();
    }

    private SystemFingerprints edited(String name, String file, String from, String to) throws IOException {
        Path copy = Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(DEMO)) {
            for (Path each :
                    files.filter(each -> each.toString().endsWith(".json")).toList()) {
                Files.copy(each, copy.resolve(each.getFileName()));
            }
        }
        String text = Files.readString(copy.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(copy.resolve(file), text.replace(from, to));
        return of(copy, DEFAULTS, SpecialTokensInText.TEXT);
    }

    /** What fingerprints keep of a tokenizer is read at once. */
    private static SystemFingerprints of(Path model, Sampling defaults, SpecialTokensInText spelled)
            throws IOException {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(model)) {
            return new SystemFingerprints(
                    new ServedModel("m", tokenizer, 256, defaults, 0), spelled, new Workers(Set.of(WORKER)));
        }
    }

    private record Workers(Set<WorkerBits> each) implements Dispatcher {
        @Override
        public Set<WorkerBits> bits(String model) {
            return each;
        }

        @Override
        public RequestHandle prepare(GenerationRequest request, TokenSink sink) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<RequestHandle> resume(GenerationRequest request, TokenIds accepted, TokenSink sink) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean exact() {
            return true;
        }

        @Override
        public int maxContext(String model) {
            return 0;
        }
    }
}
