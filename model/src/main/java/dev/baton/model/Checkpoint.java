package dev.baton.model;

import dev.baton.checkpoint.GgufModel;
import dev.baton.checkpoint.HuggingFaceFolder;
import dev.baton.checkpoint.ModelFiles;
import dev.baton.checkpoint.gguf.GgufMatrix;
import dev.baton.kernel.WeightType;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.model.LayerTensors.Part;
import dev.baton.model.LayerTensors.Stack;
import dev.baton.model.ModelSettings.Precision;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * All tensors of a model, mapped, under their names in a Hugging Face folder. What is never asked for may be of any kind;
 * what is asked for must have the shape that the configuration makes it and a type that is read.
 */
public final class Checkpoint implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    /** Tensors that cannot be read by themselves. */
    private final Map<String, Safetensors.Raw> others = new HashMap<>();

    private Checkpoint() {}

    /** @param precision decides what blocks of a GGUF file are read as */
    public static Checkpoint open(ModelFiles files, Precision precision) throws IOException {
        Checkpoint checkpoint = new Checkpoint();
        try {
            switch (files) {
                case HuggingFaceFolder folder -> checkpoint.map(folder);
                case GgufModel gguf -> checkpoint.map(gguf, precision);
            }
            return checkpoint;
        } catch (IOException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private void map(HuggingFaceFolder folder) throws IOException {
        Map<String, Path> index = folder.shards();
        for (Path file : folder.weights()) {
            Safetensors.Contents contents = Safetensors.map(file, arena);
            if (index.isEmpty()) {
                tensors.putAll(contents.tensors());
                others.putAll(contents.others());
            }
            for (Map.Entry<String, Path> entry : index.entrySet()) {
                if (entry.getValue().equals(file)) {
                    take(entry.getKey(), contents, file);
                }
            }
        }
        JsonNode quantised = folder.config().path("quantization_config");
        if (quantised.isObject()) {
            tensors.putAll(new PackedTensors(Quantisation.of(quantised), tensors, others).matrices());
        }
    }

    private void take(String name, Safetensors.Contents from, Path file) throws IOException {
        Safetensors.Tensor tensor = from.tensors().get(name);
        Safetensors.Raw other = from.others().get(name);
        if (tensor != null) {
            tensors.put(name, tensor);
        } else if (other != null) {
            others.put(name, other);
        } else {
            throw new IOException(
                    "the index promises %.100s in %s, which lacks it".formatted(name, file.getFileName()));
        }
    }

    private void map(GgufModel gguf, Precision precision) throws IOException {
        for (GgufMatrix matrix : gguf.folder().tensors(arena).values()) {
            if (matrix.type().readable()) {
                tensors.put(matrix.name(), new GgufRows(matrix, precision));
            } else {
                others.put(matrix.name(), new Safetensors.Raw(matrix.type().name(), matrix.shape(), matrix.data()));
            }
        }
    }

    /** Bytes of the files' tensors. */
    public long bytes() {
        return tensors.values().stream().mapToLong(t -> t.data().byteSize()).sum();
    }

    /** About how many bytes the tensors take as they are held. */
    long heldBytes(Precision precision) {
        return tensors.values().stream()
                .mapToLong(t -> precision.keepsGroups() && t.groups().isPresent()
                        ? t.data().byteSize()
                        : Arrays.stream(t.shape()).reduce(1, (a, b) -> a * b)
                                * t.type().bytes())
                .sum();
    }

    /** Of the tensors that can be read. */
    Set<String> names() {
        return tensors.keySet();
    }

    public boolean has(String name) {
        return tensors.containsKey(name) || others.containsKey(name);
    }

    /** The tensor, whose shape must be that. */
    public StoredTensor get(String name, long... shape) {
        StoredTensor tensor = read(name);
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new UnsupportedModelException("tensor %s has shape %s, config.json makes it %s"
                    .formatted(name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
        }
        return tensor;
    }

    StoredTensor read(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            Safetensors.Raw other = others.get(name);
            throw new UnsupportedModelException(
                    other == null
                            ? "the checkpoint lacks tensor " + name
                            : "tensor %s is stored as %s; supported are BF16, F16, F32 and, in GGUF, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K"
                                    .formatted(name, other.dtype()));
        }
        return tensor;
    }

    /** The narrowest type that holds all parts of a product as they are stored. */
    public WeightType type(Stack stack) {
        Set<WeightType> types = new HashSet<>();
        for (Part part : stack.parts()) {
            types.add(get(part.name(), part.outputs(), stack.inputs()).type());
        }
        return types.size() == 1 ? types.iterator().next() : WeightType.F32;
    }

    /** A product's parts as they can be held: neighbours in groups of the same type together, and those in none. */
    List<Stack> split(Stack stack) {
        List<Stack> runs = new ArrayList<>();
        List<Part> run = new ArrayList<>();
        for (Part part : stack.parts()) {
            if (!run.isEmpty() && !groups(run.getLast(), stack).equals(groups(part, stack))) {
                runs.add(new Stack(stack.inputs(), List.copyOf(run)));
                run.clear();
            }
            run.add(part);
        }
        runs.add(new Stack(stack.inputs(), List.copyOf(run)));
        return runs;
    }

    /** The type of groups that a part is stored in. */
    Optional<WeightType> groups(Part part, Stack of) {
        return get(part.name(), part.outputs(), of.inputs()).groups().map(GroupedRows::grouped);
    }

    /** SHA-256 of all names, types, shapes and digests of bytes, in hex; however the tensors are spread over files. */
    public String digest() {
        StringBuilder all = new StringBuilder();
        for (StoredTensor tensor : new TreeMap<>(tensors).values()) {
            all.append(tensor.name()).append(' ').append(word(tensor.type()));
            tensor.groups().ifPresent(groups -> all.append(" in ").append(word(groups.grouped())));
            all.append(' ').append(Arrays.toString(tensor.shape()));
            for (MemorySegment part : tensor.parts()) {
                KvDigest digest = KvDigester.ofBytes(part);
                all.append(' ').append(Long.toHexString(digest.a()));
                all.append(' ').append(Long.toHexString(digest.b()));
            }
            all.append('\n');
        }
        return ModelFingerprint.hex(all.toString());
    }

    /** Part of a digest, so never another for the same. */
    private static String word(WeightType type) {
        return switch (type) {
            case BF16 -> "bf16";
            case F16 -> "f16";
            case F32 -> "f32";
            case I8 -> "int8";
            case W8A8 -> "int8 times int8";
            case Q4_0 -> "q4_0";
            case Q4_1 -> "q4_1";
            case Q4_K -> "q4_k";
            case Q4_ZERO -> "q4_zero";
            case Q8_0 -> "q8_0";
        };
    }

    @Override
    public void close() {
        arena.close();
    }
}
