package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.model.Models;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * How well a model foretells text that it was not trained on, under each rounding of its weights: e to the mean negative
 * log probability of every token of every document after its first. All documents are decoded side by side, so what is
 * measured is the path that serves.
 *
 * <pre>EngineBench --perplexity [--model FOLDER] [--held-out FILE] [--weights stored,int8,w8a8] [--threads 2]</pre>
 */
public final class Perplexity {
    private static final int BLOCK = 64;
    private static final String MODEL = "models/demo";
    private static final String HELD_OUT = "model/src/test/resources/reference/demo/held-out.json";

    private Perplexity() {}

    /** Reads {@code documents}, lists of token ids, of a JSON file. */
    public static List<int[]> documents(Path file) throws IOException {
        JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(file));
        List<int[]> documents = root.path("documents")
                .valueStream()
                .map(document ->
                        document.valueStream().mapToInt(JsonNode::asInt).toArray())
                .filter(document -> document.length > 1)
                .toList();
        if (documents.isEmpty()) {
            throw new IOException("%s holds no documents of two tokens or more".formatted(file));
        }
        return documents;
    }

    /** Of that model on those documents. */
    public static double of(OpenModel model, List<int[]> documents) {
        int longest = documents.stream().mapToInt(d -> d.length).max().orElse(0);
        List<int[]> blocks = new ArrayList<>();
        int used = 0;
        for (int[] document : documents) {
            int[] own = new int[model.layout(1).blocksFor(document.length)];
            for (int i = 0; i < own.length; i++) {
                own[i] = used++;
            }
            blocks.add(own);
        }
        KvLayout layout = model.layout(used);
        double sum = 0;
        long count = 0;
        try (Arena arena = Arena.ofShared();
                ModelRunner runner = model.bind(new KvRegion(layout, arena.allocate(layout.bytes(), 64)))) {
            for (int at = 0; at < longest - 1; at++) {
                List<Slice> slices = new ArrayList<>();
                List<Integer> next = new ArrayList<>();
                for (int d = 0; d < documents.size(); d++) {
                    int[] document = documents.get(d);
                    if (at + 1 < document.length) {
                        slices.add(new Slice(new int[] {document[at]}, at, blocks.get(d), true));
                        next.add(document[at + 1]);
                    }
                }
                MemorySegment logits = runner.forward(slices, layer -> {});
                for (int i = 0; i < next.size(); i++) {
                    sum -= logProbability(logits, (long) i * runner.shape().vocab(), runner.shape(), next.get(i));
                }
                count += next.size();
            }
        }
        return Math.exp(sum / count);
    }

    private static double logProbability(MemorySegment logits, long from, ModelShape shape, int token) {
        double top = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < shape.vocab(); i++) {
            top = Math.max(top, logits.getAtIndex(JAVA_FLOAT, from + i));
        }
        double total = 0;
        for (int i = 0; i < shape.vocab(); i++) {
            total += Math.exp(logits.getAtIndex(JAVA_FLOAT, from + i) - top);
        }
        return logits.getAtIndex(JAVA_FLOAT, from + token) - top - Math.log(total);
    }

    static void run(PrintStream out, Map<String, String> options) throws IOException {
        Path folder = found(options.getOrDefault("--model", MODEL));
        List<int[]> documents = documents(found(options.getOrDefault("--held-out", HELD_OUT)));
        int threads = Integer.parseInt(options.getOrDefault("--threads", "2"));
        double stored = Double.NaN;
        out.printf(
                "%s, %d documents, %d tokens%n%-8s %12s %12s  %s%n",
                folder,
                documents.size(),
                documents.stream().mapToLong(d -> d.length - 1).sum(),
                "weights",
                "perplexity",
                "over stored",
                "exact, numerics");
        for (String weights :
                options.getOrDefault("--weights", "stored,int8,w8a8").split(",")) {
            WeightChoice choice = WeightChoice.named(weights);
            ModelSettings settings =
                    new ModelSettings(folder, "held-out", new Precision(DtypeChoice.BF16, choice), threads, BLOCK);
            try (OpenModel model = Models.open(settings, (done, of) -> {})) {
                double perplexity = of(model, documents);
                stored = choice == WeightChoice.STORED ? perplexity : stored;
                out.printf(
                        "%-8s %12.5f %11.3f%%  %s, %s%n",
                        weights,
                        perplexity,
                        (perplexity / stored - 1) * 100,
                        model.shape(1).exact(),
                        model.shape(1).numerics());
            }
        }
    }

    /** From the project's folder or from one of its modules. */
    private static Path found(String path) {
        return Files.exists(Path.of(path)) ? Path.of(path) : Path.of("..").resolve(path);
    }
}
