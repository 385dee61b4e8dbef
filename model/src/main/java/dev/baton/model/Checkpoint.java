package dev.baton.model;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** All tensors of a folder, mapped; knows which were asked for, so that a weight that is never read is noticed. */
public final class Checkpoint implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Arena arena = Arena.ofShared();
    private final Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();

    private Checkpoint() {}

    public static Checkpoint open(Path folder) throws IOException {
        Checkpoint checkpoint = new Checkpoint();
        try {
            checkpoint.map(folder);
            return checkpoint;
        } catch (IOException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private void map(Path folder) throws IOException {
        if (Files.isRegularFile(folder.resolve(SINGLE))) {
            tensors.putAll(Safetensors.map(folder.resolve(SINGLE), arena));
            return;
        }
        if (!Files.isRegularFile(folder.resolve(INDEX))) {
            throw new IOException("%s holds neither %s nor %s".formatted(folder, SINGLE, INDEX));
        }
        Map<String, Map<String, Safetensors.Tensor>> shards = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry :
                ShardIndex.read(folder.resolve(INDEX)).entrySet()) {
            String shard = entry.getValue();
            if (!shards.containsKey(shard)) {
                shards.put(shard, Safetensors.map(folder.resolve(shard), arena));
            }
            Safetensors.Tensor tensor = shards.get(shard).get(entry.getKey());
            if (tensor == null) {
                throw new IOException(
                        "%s promises %.100s in %s, which lacks it".formatted(INDEX, entry.getKey(), shard));
            }
            tensors.put(entry.getKey(), tensor);
        }
    }

    public long bytes() {
        return tensors.values().stream().mapToLong(t -> t.data().byteSize()).sum();
    }

    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    Safetensors.@Nullable Tensor find(String name) {
        used.add(name);
        return tensors.get(name);
    }

    /** The tensor, whose shape must be that. */
    public Safetensors.Tensor get(String name, long... shape) {
        Safetensors.Tensor tensor = find(name);
        if (tensor == null) {
            throw new UnsupportedModelException("the checkpoint lacks tensor " + name);
        }
        if (!java.util.Arrays.equals(tensor.shape(), shape)) {
            throw new UnsupportedModelException("tensor %s has shape %s, config.json makes it %s"
                    .formatted(name, java.util.Arrays.toString(tensor.shape()), java.util.Arrays.toString(shape)));
        }
        return tensor;
    }

    /** Refuses a checkpoint with weights that the family's forward pass does not know. */
    public void refuseUnread() {
        Set<String> unread = new TreeSet<>(tensors.keySet());
        unread.removeAll(used);
        unread.removeIf(name -> name.endsWith("rotary_emb.inv_freq") || name.equals("lm_head.weight"));
        if (!unread.isEmpty()) {
            throw new UnsupportedModelException(
                    "%d tensors of the checkpoint have no place in its architecture, such as %s"
                            .formatted(unread.size(), unread.iterator().next()));
        }
    }

    /** Digest of all names and bytes. */
    public long digest() {
        long sum = 0;
        for (Safetensors.Tensor tensor : tensors.values()) {
            KvDigest digest = KvDigester.ofBytes(tensor.data());
            sum = (sum * 0x9E3779B97F4A7C15L + tensor.name().hashCode()) * 0x9E3779B97F4A7C15L
                    + digest.a()
                    + Long.rotateLeft(digest.b(), 32);
        }
        return sum;
    }

    @Override
    public void close() {
        arena.close();
    }
}
