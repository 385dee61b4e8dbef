package dev.baton.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.host.CliException;
import dev.baton.cli.hub.LocalHub.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HubTest {
    private static final int LARGE = 300_000;

    @TempDir
    Path home;

    private final List<Duration> rests = Collections.synchronizedList(new ArrayList<>());
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private final ModelName tiny = ModelName.parse("some-org/tiny");
    private LocalHub server;

    @BeforeEach
    void publish() throws IOException {
        server = new LocalHub();
        server.small.put("config.json", "{\"architectures\":[\"LlamaForCausalLM\"]}");
        server.small.put("tokenizer.json", "{}");
        server.small.put("chat_template.jinja", "{{ messages }}");
        server.small.put("README.md", "never fetched");
        server.small.put("modeling_tiny.py", "never fetched");
        server.large.put("model.safetensors", random(1));
        server.large.put("pytorch_model.bin", random(2));
        server.large.put("onnx/model.onnx", random(3));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void fetchesOnlyWhatIsReadAndChecksIt() throws IOException {
        Path folder = hub().fetch(tiny);
        assertThat(names(folder))
                .containsExactlyInAnyOrder("config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors");
        assertThat(folder.resolve("model.safetensors")).hasBinaryContent(large("model.safetensors"));
        assertThat(ModelSource.servedName(folder)).isEqualTo("some-org/tiny");
        assertThat(server.seen)
                .noneMatch(seen -> seen.path().contains("bin") || seen.path().contains("README"));
    }

    @Test
    void laysItOutAsOtherToolsDo() throws IOException {
        Path folder = hub().fetch(tiny);
        Path model = home.resolve("hub/models--some-org--tiny");
        assertThat(folder).isEqualTo(model.resolve("snapshots").resolve(LocalHub.COMMIT));
        assertThat(model.resolve("refs/main")).hasContent(LocalHub.COMMIT);
        String sha256 = LocalHub.digest("SHA-256", large("model.safetensors"));
        assertThat(Files.readSymbolicLink(folder.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs/" + sha256));
    }

    @Test
    void fetchesNothingTwice() {
        hub().fetch(tiny);
        long asked = server.askedOf("store");
        hub().fetch(tiny);
        assertThat(server.askedOf("store")).isEqualTo(asked).isEqualTo(1);
    }

    @Test
    void servesWhatItHasWhenTheHubIsGone() {
        Path folder = hub().fetch(tiny);
        server.close();
        assertThat(hub().fetch(tiny)).isEqualTo(folder);
        assertThat(lines).anyMatch(line -> line.contains("cannot be reached"));
    }

    @Test
    void asksNobodyWhenOffline() {
        Map<String, String> offline = Map.of("HF_HUB_OFFLINE", "1");
        assertThatThrownBy(() -> hub(offline).fetch(tiny))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("HF_HUB_OFFLINE");
        Path folder = hub().fetch(tiny);
        int asked = server.seen.size();
        assertThat(hub(offline).fetch(tiny)).isEqualTo(folder);
        assertThat(hub().fetch(ModelName.parse("some-org/tiny@" + LocalHub.COMMIT)))
                .isEqualTo(folder);
        assertThat(server.seen).hasSize(asked);
    }

    @Test
    void sendsTheTokenToTheHubAndNotToTheHostWithTheFiles() {
        server.needsToken = "hf_secret";
        hub(Map.of("HF_TOKEN", "hf_secret")).fetch(tiny);
        assertThat(server.seen)
                .filteredOn(seen -> seen.host().equals("hub"))
                .allMatch(seen -> "Bearer hf_secret".equals(seen.authorization()));
        assertThat(server.seen)
                .filteredOn(seen -> seen.host().equals("store"))
                .isNotEmpty()
                .allMatch(seen -> seen.authorization() == null);
    }

    @Test
    void saysHowToReadAGatedModel() {
        server.needsToken = "hf_secret";
        assertThatThrownBy(() -> hub().fetch(tiny))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("gated")
                .hasMessageContaining("HF_TOKEN is not set")
                .hasMessageContaining(server.endpoint() + "/some-org/tiny");
        server.refusals.add(List.of("403", "GatedRepo", ""));
        assertThatThrownBy(() -> hub(Map.of("HF_TOKEN", "hf_other")).fetch(tiny))
                .hasMessageContaining("refuses the token in HF_TOKEN")
                .hasMessageNotContaining("hf_other");
    }

    @Test
    void saysThatAModelOrARevisionIsNotThere() {
        assertThatThrownBy(() -> hub().fetch(ModelName.parse("some-org/other")))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("there is no model some-org/other");
        server.refusals.add(List.of("404", "RevisionNotFound", ""));
        assertThatThrownBy(() -> hub().fetch(ModelName.parse("some-org/tiny@v9")))
                .hasMessageContaining("no revision v9");
        server.refusals.add(List.of("401", "", ""));
        assertThatThrownBy(() -> hub().fetch(tiny)).hasMessageContaining("check the name");
    }

    @Test
    void waitsAsLongAsABusyHubAsks() {
        server.refusals.add(List.of("429", "", "17"));
        server.faults.add(Fault.BUSY);
        hub().fetch(tiny);
        assertThat(rests).containsExactly(Duration.ofSeconds(17), Duration.ofSeconds(7));
    }

    @Test
    void givesUpOnAHubThatWantsAnHour() {
        server.refusals.add(List.of("429", "", "3600"));
        assertThatThrownBy(() -> hub().fetch(tiny))
                .hasMessageContaining("3600 s")
                .hasMessageContaining("HF_TOKEN");
        assertThat(rests).isEmpty();
    }

    @Test
    void goesOnWhereTheConnectionWasCut() {
        server.faults.addAll(List.of(Fault.CUT, Fault.CUT));
        Path folder = hub().fetch(tiny);
        assertThat(folder.resolve("model.safetensors")).hasBinaryContent(large("model.safetensors"));
        assertThat(server.seen)
                .filteredOn(seen -> seen.host().equals("store"))
                .extracting(LocalHub.Seen::range)
                .containsExactly(null, "bytes=" + LARGE / 2 + "-", "bytes=" + LARGE * 3 / 4 + "-");
    }

    @Test
    void goesOnInALaterRun() throws IOException {
        server.faults.addAll(Collections.nCopies(6, Fault.BUSY));
        Path part = partOf("model.safetensors", large("model.safetensors"), 1000);
        assertThatThrownBy(() -> hub().fetch(tiny)).hasMessageContaining("goes on where it stopped");
        assertThat(part).hasSize(1000);
        hub().fetch(tiny);
        assertThat(server.seen.getLast().range()).isEqualTo("bytes=1000-");
        assertThat(part).doesNotExist();
    }

    @Test
    void beginsAnewWhereTheStoreKnowsNoRanges() throws IOException {
        partOf("model.safetensors", large("model.safetensors"), 1000);
        server.faults.add(Fault.NO_RANGES);
        assertThat(hub().fetch(tiny).resolve("model.safetensors")).hasBinaryContent(large("model.safetensors"));
    }

    @Test
    void fetchesAnewWhatAnEarlierRunLeftAndDoesNotFit() throws IOException {
        partOf("model.safetensors", random(99), 1000);
        assertThat(hub().fetch(tiny).resolve("model.safetensors")).hasBinaryContent(large("model.safetensors"));
        assertThat(lines).anyMatch(line -> line.contains("does not fit"));
    }

    @Test
    void refusesAFileThatIsNotWhatTheListSays() throws IOException {
        server.faults.add(Fault.OTHER_BYTES);
        assertThatThrownBy(() -> hub().fetch(tiny))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("model.safetensors")
                .hasMessageContaining("changed under way");
        server.faults.add(Fault.OTHER_SIZE);
        assertThatThrownBy(() -> hub().fetch(tiny)).hasMessageContaining(LARGE + 1 + " bytes");
        try (Stream<Path> blobs = Files.list(home.resolve("hub/models--some-org--tiny/blobs"))) {
            assertThat(blobs).noneMatch(blob -> blob.toFile().length() == LARGE);
        }
        assertThat(hub().list()).allMatch(cached -> !cached.complete());
    }

    @Test
    void twoFetchesAtOnceShareOne() throws Exception {
        server.storeMayAnswer = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Path> fetch = () -> hub().fetch(tiny);
            Future<Path> first = threads.submit(fetch);
            Future<Path> second = threads.submit(fetch);
            while (lines.stream().noneMatch(line -> line.contains("under way: waiting"))) {
                Thread.onSpinWait();
            }
            server.storeMayAnswer.countDown();
            assertThat(first.get()).isEqualTo(second.get());
        }
        assertThat(server.askedOf("store")).isEqualTo(1);
    }

    @Test
    void fetchesTheShardsThatTheIndexNamesAndNoOthers() throws IOException {
        server.large.remove("model.safetensors");
        server.large.put("model-00001-of-00002.safetensors", random(4));
        server.large.put("model-00002-of-00002.safetensors", random(5));
        server.large.put("consolidated.safetensors", random(6));
        server.small.put(
                "model.safetensors.index.json",
                "{\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\",\"b\":\"model-00002-of-00002.safetensors\"}}");
        assertThat(names(hub().fetch(tiny)))
                .contains("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
                .doesNotContain("consolidated.safetensors");
    }

    @Test
    void refusesAnIndexWhosePathsLeaveTheFolder() {
        server.large.remove("model.safetensors");
        server.small.put("model.safetensors.index.json", "{\"weight_map\":{\"a\":\"../../evil.safetensors\"}}");
        assertThatThrownBy(() -> hub().fetch(tiny))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("../../evil.safetensors");
    }

    @Test
    void refusesALinkInTheCacheThatLeavesIt() throws IOException {
        Path folder = hub().fetch(tiny);
        Path outside = Files.writeString(home.resolve("outside"), "not of the model");
        Files.delete(folder.resolve("config.json"));
        Files.createSymbolicLink(folder.resolve("config.json"), outside);
        assertThatThrownBy(() -> hub(Map.of("HF_HUB_OFFLINE", "1")).fetch(tiny))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("leads out of the cache");
    }

    @Test
    void choosesTheGgufFileThatIsMeant() {
        server.large.clear();
        server.large.put("tiny-Q4_0.gguf", random(7));
        server.large.put("tiny-Q8_0.gguf", random(8));
        assertThatThrownBy(() -> hub().fetch(tiny))
                .hasMessageContaining("several")
                .hasMessageContaining("tiny-Q4_0.gguf, tiny-Q8_0.gguf");
        Path file = hub().fetch(ModelName.parse("some-org/tiny:q8_0"));
        assertThat(file).hasFileName("tiny-Q8_0.gguf").hasBinaryContent(large("tiny-Q8_0.gguf"));
        assertThat(ModelSource.servedName(file)).isEqualTo("some-org/tiny");
        assertThat(server.askedOf("store")).isEqualTo(1);
    }

    @Test
    void refusesWhatIsPublishedAsPicklesOnly() {
        server.large.remove("model.safetensors");
        assertThatThrownBy(() -> hub().fetch(tiny))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("pickles only");
    }

    @Test
    void listsAndRemoves() {
        hub().fetch(tiny);
        assertThat(hub().list()).singleElement().satisfies(cached -> {
            assertThat(cached.model()).isEqualTo(tiny);
            assertThat(cached.complete()).isTrue();
            assertThat(cached.bytes()).isGreaterThan(LARGE);
        });
        assertThat(hub().remove(tiny)).isGreaterThan(LARGE);
        assertThat(hub().list()).isEmpty();
        assertThatThrownBy(() -> hub().remove(tiny)).hasMessageContaining("is not in");
    }

    private Hub hub() {
        return hub(Map.of());
    }

    private Hub hub(Map<String, String> more) {
        Map<String, String> environment = new java.util.HashMap<>(more);
        environment.put("HF_HOME", home.toString());
        environment.put("HF_ENDPOINT", server.endpoint().toString());
        return new Hub(HubSettings.of(environment), new Lines(), Duration.ofSeconds(10), rests::add);
    }

    private Path partOf(String name, byte[] content, int bytes) throws IOException {
        Path blobs = Files.createDirectories(home.resolve("hub/models--some-org--tiny/blobs"));
        String digest = LocalHub.digest("SHA-256", large(name));
        return Files.write(blobs.resolve(digest + ".baton-part"), java.util.Arrays.copyOf(content, bytes));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private byte[] large(String name) {
        return Objects.requireNonNull(server.large.get(name));
    }

    private static byte[] random(long seed) {
        byte[] bytes = new byte[LARGE];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private final class Lines implements Progress {
        @Override
        public void says(String line) {
            lines.add(line);
        }

        @Override
        public void fetched(String file, long bytes, long ofBytes) {
            assertThat(bytes).isBetween(0L, ofBytes);
        }

        @Override
        public void done(String file, long bytes) {
            lines.add(file);
        }
    }

    @Test
    void hidesTheTokenWhereSettingsAreShown() {
        HubSettings settings = HubSettings.of(Map.of("HF_HOME", home.toString(), "HF_TOKEN", "hf_secret"));
        assertThat(settings.toString()).doesNotContain("hf_secret");
        assertThat(settings.token()).isEqualTo(Optional.of("hf_secret"));
    }
}
