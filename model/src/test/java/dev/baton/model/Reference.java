package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What transformers computed with a checkpoint, as committed beside the tests. */
public record Reference(double tolerance, int vocab, List<Case> cases) {
    public static final Path DEMO = Path.of("../models/demo");
    public static final Path RESOURCES = Path.of("../model/src/test/resources/reference");

    /** Prompt, greedy continuation, and rows of logits at some positions of the two together. */
    public record Case(String name, int[] prompt, int[] continuation, int[] positions, float[][] logits) {
        public int[] tokens() {
            int[] all = Arrays.copyOf(prompt, prompt.length + continuation.length);
            System.arraycopy(continuation, 0, all, prompt.length, continuation.length);
            return all;
        }
    }

    public static Reference read(Path folder) throws IOException {
        JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(folder.resolve("reference.json")));
        ByteBuffer rows = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("logits.bin")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int vocab = root.path("vocabulary").asInt();
        List<Case> cases = new ArrayList<>();
        for (JsonNode node : root.path("cases")) {
            if (!(node.path("margin").asDouble(0) > 10 * root.path("tolerance").asDouble())) {
                throw new IOException("%s: a choice so close that a difference within the tolerance could turn it: %s"
                        .formatted(folder, node.path("margin")));
            }
            int[] positions = ints(node.path("positions"));
            float[][] logits = new float[positions.length][vocab];
            for (int i = 0; i < positions.length; i++) {
                rows.asFloatBuffer().get((node.path("row").asInt() + i) * vocab, logits[i]);
            }
            cases.add(new Case(
                    node.path("name").asString(""),
                    ints(node.path("ids")),
                    ints(node.path("continuation")),
                    positions,
                    logits));
        }
        return new Reference(root.path("tolerance").asDouble(), vocab, cases);
    }

    private static int[] ints(JsonNode node) {
        return node.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    /** One sequence over a pool of its own. */
    public static final class Sequence implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final ModelRunner runner;
        private final int[] blocks;
        public final MemorySegment kv;
        private int position;

        public Sequence(OpenModel model, int tokens) {
            KvLayout layout = model.layout(model.layout(1).blocksFor(tokens));
            kv = arena.allocate(layout.bytes(), 64);
            runner = model.bind(new KvRegion(layout, kv));
            blocks = new int[layout.blocks()];
            Arrays.setAll(blocks, i -> layout.blocks() - 1 - i);
        }

        public float[] forward(int... tokens) {
            MemorySegment logits =
                    runner.forward(List.of(new ModelRunner.Slice(tokens, position, blocks, true)), layer -> {});
            position += tokens.length;
            return logits.toArray(JAVA_FLOAT);
        }

        @Override
        public void close() {
            runner.close();
            arena.close();
        }
    }

    public static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Largest difference over largest magnitude. */
    public static double difference(float[] actual, float[] expected) {
        double difference = 0;
        double magnitude = 0;
        for (int i = 0; i < expected.length; i++) {
            difference = Math.max(difference, Math.abs((double) actual[i] - expected[i]));
            magnitude = Math.max(magnitude, Math.abs((double) expected[i]));
        }
        return difference / magnitude;
    }
}
