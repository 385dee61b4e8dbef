package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.baton.kernel.WeightType;
import dev.baton.model.Safetensors.Raw;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Puts the tensors of quantised matrices together: qweight, qzeros and scales of one name become its weight. */
final class PackedTensors {
    private static final String PACKED = ".qweight";
    private static final int IN_WORD = 8;

    private final Quantisation how;
    private final Map<String, StoredTensor> read;
    private final Map<String, Raw> others;

    /**
     * @param read tensors of a type that is read
     * @param others all others
     */
    PackedTensors(Quantisation how, Map<String, StoredTensor> read, Map<String, Raw> others) {
        this.how = how;
        this.read = read;
        this.others = others;
    }

    /** @throws UnsupportedModelException naming a tensor that is missing or has another type or shape */
    Map<String, StoredTensor> matrices() {
        Map<String, StoredTensor> made = new LinkedHashMap<>();
        for (String name : others.keySet()) {
            if (name.endsWith(PACKED)) {
                String of = name.substring(0, name.length() - PACKED.length());
                made.put(of + ".weight", matrix(of));
            }
        }
        return made;
    }

    private PackedInt4 matrix(String of) {
        long[] packed = words(of + PACKED).shape();
        boolean gptq = how.method() == Quantisation.Method.GPTQ;
        if (packed.length != 2 || packed[0] < 1 || packed[1] < 1) {
            throw wrong(of + PACKED, packed, "two dimensions");
        }
        long inputs = gptq ? packed[0] * IN_WORD : packed[0];
        long outputs = gptq ? packed[1] : packed[1] * IN_WORD;
        if (inputs % how.groupSize() != 0 || outputs % IN_WORD != 0) {
            throw wrong(
                    of + PACKED,
                    packed,
                    "whole groups of %d inputs and whole words of eight outputs".formatted(how.groupSize()));
        }
        long groups = inputs / how.groupSize();
        checkOrder(of, inputs);
        return new PackedInt4(
                of + ".weight",
                how,
                outputs,
                inputs,
                words(of + PACKED).data(),
                words(of + ".qzeros", groups, outputs / IN_WORD).data(),
                scales(of + ".scales", groups, outputs));
    }

    /** Activation order that is not said in the configuration would make other weights of the same numbers. */
    private void checkOrder(String of, long inputs) {
        String name = of + ".g_idx";
        if (!others.containsKey(name)) {
            return;
        }
        MemorySegment order = words(name, inputs).data();
        for (long k = 0; k < inputs; k++) {
            if (order.get(JAVA_INT_UNALIGNED, k * 4) != k / how.groupSize()) {
                throw new UnsupportedModelException(
                        "tensor %.100s orders inputs by activation (desc_act), which is not supported".formatted(name));
            }
        }
    }

    private Raw words(String name, long... shape) {
        Raw raw = others.get(name);
        if (raw == null || !raw.dtype().equals("I32")) {
            throw new UnsupportedModelException("tensor %.100s is %s; it has to be stored as I32"
                    .formatted(name, raw == null ? read.containsKey(name) ? "of floats" : "missing" : raw.dtype()));
        }
        if (shape.length > 0 && !Arrays.equals(raw.shape(), shape)) {
            throw wrong(name, raw.shape(), Arrays.toString(shape));
        }
        return raw;
    }

    private MemorySegment scales(String name, long groups, long outputs) {
        StoredTensor scales = read.get(name);
        if (scales == null || scales.type() != WeightType.F16) {
            throw new UnsupportedModelException("tensor %.100s is %s; it has to be stored as F16"
                    .formatted(name, scales == null ? "missing" : scales.type()));
        }
        if (!Arrays.equals(scales.shape(), new long[] {groups, outputs})) {
            throw wrong(name, scales.shape(), "[%d, %d]".formatted(groups, outputs));
        }
        return scales.data();
    }

    private static UnsupportedModelException wrong(String name, long[] shape, String expected) {
        return new UnsupportedModelException("tensor %.100s has shape %s, its quantisation makes it %s"
                .formatted(name, Arrays.toString(shape), expected));
    }
}
