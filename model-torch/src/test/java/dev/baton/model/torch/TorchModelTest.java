package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.baton.engine.Device;
import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import dev.baton.libtorch.TestDevice;
import dev.baton.libtorch.TorchDevice;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.model.Models;
import dev.baton.model.OpenedBy;
import dev.baton.model.Reference;
import dev.baton.model.UnsupportedModelException;
import dev.baton.model.UnusableDeviceException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A model on the device of the tests: its pool is not the region, which only mirrors it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TorchModelTest {
    private static final Path FOLDER = Reference.RESOURCES.resolve("families").resolve("gemma3");
    private static final int BLOCK = 8;
    private static final int BLOCKS = 16;
    private static final int LENGTH = 50;

    private final Arena arena = Arena.ofShared();
    private final int[] tokens = new int[LENGTH];
    private OpenModel model;
    private OpenModel kernels;
    private float[] expected;

    @BeforeAll
    void open() throws IOException {
        ModelSettings settings = new ModelSettings(FOLDER, "gemma3", DtypeChoice.F32, 1, BLOCK);
        model = OpenedByTorch.TORCH.open(settings);
        kernels = OpenedBy.KERNELS.open(settings);
        Arrays.setAll(tokens, i -> (i * 7919 + 13) % model.shape(1).vocab());
        try (ModelRunner runner = model.bind(region())) {
            expected = run(runner, slice(0, LENGTH, 0));
        }
    }

    @AfterAll
    void close() {
        model.close();
        kernels.close();
        arena.close();
    }

    /** @param parts that a step's layers come in: all at once, some in each, one in each */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void whenALayerIsToldItsRowsAreInTheRegionAsTheKernelsWouldHaveThem(int parts) {
        KvRegion here = region();
        KvRegion there = region(kernels.layout(BLOCKS));
        try (ModelRunner runner = new TorchRunner((TorchModel) model, here, parts);
                ModelRunner other = kernels.bind(there)) {
            int from = 0;
            for (int to : List.of(3, 4, 20, 21, LENGTH)) {
                other.forward(List.of(slice(from, to, 0)), layer -> {});
                List<Integer> told = new ArrayList<>();
                runner.forward(List.of(slice(from, to, 0)), layer -> {
                    told.add(layer);
                    for (int block = 0; block < BLOCKS; block++) {
                        float[] made = here.layerBlock(layer, block).toArray(JAVA_FLOAT);
                        float[] wanted = keysTurnedBack(there, layer, block);
                        for (int i = 0; i < made.length; i++) {
                            assertThat(made[i]).isCloseTo(wanted[i], org.assertj.core.data.Offset.offset(1e-3f));
                        }
                    }
                });
                assertThat(told)
                        .containsExactlyElementsOf(
                                IntStream.range(0, here.layout().layers())
                                        .boxed()
                                        .toList());
                from = to;
            }
        }
    }

    @Test
    void blocksThatAnotherRunnerMadeAreUsedOnceTheyHaveArrivedAndNotBefore() {
        KvRegion sender = region();
        KvRegion receiver = region();
        try (ModelRunner prefill = model.bind(sender);
                ModelRunner decode = model.bind(receiver)) {
            prefill.forward(List.of(slice(0, LENGTH - 1, 0)), layer -> {});
            Slice next = slice(LENGTH - 1, LENGTH, BLOCKS / 2);
            copy(sender, 0, receiver, BLOCKS / 2);
            assertThat(Reference.difference(run(decode, next), expected)).isGreaterThan(0.01);
            copy(sender, 0, receiver, BLOCKS / 2);
            decode.arrived(next.blocks());
            assertThat(Reference.difference(run(decode, next), expected)).isLessThan(1e-5);
        }
    }

    @Test
    void blocksMayArriveBetweenTheLayersOfAStep() {
        KvRegion sender = region();
        KvRegion receiver = region();
        try (ModelRunner prefill = model.bind(sender);
                ModelRunner decode = model.bind(receiver)) {
            prefill.forward(List.of(slice(0, LENGTH - 1, 0)), layer -> {});
            Slice next = slice(LENGTH - 1, LENGTH, BLOCKS / 2);
            copy(sender, 0, receiver, BLOCKS / 2);
            MemorySegment meanwhile = decode.forward(List.of(slice(0, LENGTH, 0)), layer -> {
                if (layer == 1) {
                    decode.arrived(next.blocks());
                }
            });
            assertThat(Reference.difference(meanwhile.toArray(JAVA_FLOAT), expected))
                    .isLessThan(1e-5);
            assertThat(Reference.difference(run(decode, next), expected)).isLessThan(1e-5);
        }
    }

    @Test
    void slicesOfSeveralLengthsInOneStepMakeWhatTheyMakeAlone() {
        try (ModelRunner runner = model.bind(region())) {
            runner.forward(List.of(slice(0, LENGTH - 1, 0)), layer -> {});
            MemorySegment logits = runner.forward(
                    List.of(
                            slice(LENGTH - 1, LENGTH, 0),
                            new Slice(new int[] {3, 4, 5}, 0, new int[] {BLOCKS - 1}, false),
                            slice(0, LENGTH, BLOCKS / 2)),
                    layer -> {});
            float[] both = logits.toArray(JAVA_FLOAT);
            assertThat(both).hasSize(2 * expected.length);
            assertThat(Reference.difference(Arrays.copyOf(both, expected.length), expected))
                    .isLessThan(1e-5);
            assertThat(Reference.difference(Arrays.copyOfRange(both, expected.length, both.length), expected))
                    .isLessThan(1e-5);
        }
    }

    /** In 16 bits a GPU has other kernels for whole prompts, for parts of one and for single rows. */
    @ParameterizedTest
    @ValueSource(strings = {"gemma3", "mistral", "llama32", "qwen3"})
    void in16BitsAPromptItsPartsAndItsRowsBesideOthersMakeNearlyWhatTheyMakeInF32(String family) throws IOException {
        Path folder = FOLDER.resolveSibling(family);
        float[] wide;
        try (OpenModel same = OpenedBy.KERNELS.open(new ModelSettings(folder, family, DtypeChoice.F32, 1, BLOCK))) {
            KvLayout layout = same.layout(BLOCKS);
            try (ModelRunner runner = same.bind(new KvRegion(layout, arena.allocate(layout.bytes(), 64)))) {
                wide = run(runner, slice(0, LENGTH, 0));
            }
        }
        try (OpenModel narrow =
                OpenedByTorch.TORCH.open(new ModelSettings(folder, family, DtypeChoice.BF16, 1, BLOCK))) {
            KvLayout layout = narrow.layout(3 * BLOCKS);
            try (ModelRunner runner = narrow.bind(new KvRegion(layout, arena.allocate(layout.bytes(), 64)))) {
                if (((TorchModel) narrow).device.kind() == TorchDevice.Kind.CUDA) {
                    assertThat(narrow.shape(1).numerics())
                            .contains(family.equals("gemma3") ? "under masks" : "flash attention");
                }
                float[] whole = run(runner, slice(0, LENGTH, 0));
                runner.forward(List.of(slice(0, 3, BLOCKS)), layer -> {});
                runner.forward(List.of(slice(3, 20, BLOCKS)), layer -> {});
                runner.forward(List.of(slice(20, 35, BLOCKS)), layer -> {});
                float[] parts = run(runner, slice(35, LENGTH, BLOCKS));
                runner.forward(List.of(slice(0, LENGTH - 1, 2 * BLOCKS), slice(0, 4, BLOCKS)), layer -> {});
                float[] rows = runner.forward(
                                List.of(slice(LENGTH - 1, LENGTH, 2 * BLOCKS), slice(4, 5, BLOCKS)), layer -> {})
                        .toArray(JAVA_FLOAT);
                float[] alone = run(runner, slice(LENGTH - 1, LENGTH, 2 * BLOCKS));
                for (float[] made : List.of(whole, parts, Arrays.copyOf(rows, wide.length), alone)) {
                    assertThat(Reference.difference(made, wide)).isLessThan(0.05);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DtypeChoice.class,
            names = {"F32", "BF16"})
    void whatAnEarlierSequenceLeftInABlockDoesNotMatterNotEvenNaN(DtypeChoice dtype) throws IOException {
        Path folder = FOLDER.resolveSibling("mistral");
        try (OpenModel other = OpenedByTorch.TORCH.open(new ModelSettings(folder, "mistral", dtype, 1, BLOCK))) {
            KvLayout layout = other.layout(BLOCKS);
            KvRegion clean = new KvRegion(layout, arena.allocate(layout.bytes(), 64));
            KvRegion region = new KvRegion(layout, arena.allocate(layout.bytes(), 64));
            // All bits set: not a number in either type.
            region.segment().fill((byte) 0xFF);
            try (ModelRunner expecting = other.bind(clean);
                    ModelRunner runner = other.bind(region)) {
                runner.arrived(slice(0, LENGTH, 0).blocks());
                for (List<Integer> ends : List.of(List.of(LENGTH), List.of(3, 20, 35, LENGTH - 1, LENGTH))) {
                    int from = 0;
                    for (int to : ends) {
                        Slice next = slice(from, to, 0);
                        assertThat(run(runner, next)).isEqualTo(run(expecting, next));
                        from = to;
                    }
                }
            }
        }
    }

    @Test
    void aStepThatFailedWhileItsKvWasOnItsWayLeavesTheRunnerUsable() {
        try (ModelRunner runner = model.bind(region())) {
            assertThatThrownBy(() -> runner.forward(List.of(slice(0, LENGTH, 0)), layer -> {
                        throw new IllegalStateException("told of layer " + layer);
                    }))
                    .hasMessage("told of layer 0");
            assertThat(run(runner, slice(0, LENGTH, 0))).isEqualTo(expected);
        }
    }

    @Test
    void itsCacheDoesNotPassForTheKernelsOwn() throws UnusableDeviceException {
        assertThat(model.shape(1).fingerprint()).isNotEqualTo(kernels.shape(1).fingerprint());
        assertThat(model.shape(1).layout().withTurnedKeys())
                .isEqualTo(kernels.shape(1).layout());
        assertThat(model.shape(1).layout().turnedKeys()).isFalse();
        assertThat(model.shape(1).numerics()).contains("libtorch on " + TestDevice.usable());
    }

    @Test
    void roundedWeightsAreRefusedOnADevice() {
        ModelSettings settings =
                new ModelSettings(FOLDER, "gemma3", new Precision(DtypeChoice.AUTO, WeightChoice.INT8), 1, BLOCK);
        assertThatThrownBy(() -> OpenedByTorch.TORCH.open(settings))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("INT8");
    }

    @Test
    void aGpuThatIsAskedForAndCannotBeUsedFailsTheOpeningAndTheCpuDoesNotStandIn() {
        assumeThat(Path.of("/dev/nvidia0")).as("a GPU").doesNotExist();
        ModelSettings settings = new ModelSettings(FOLDER, "gemma3", DtypeChoice.F32, 1, BLOCK);
        assertThatThrownBy(() -> Models.open(settings, Device.CUDA, (done, of) -> {}))
                .isInstanceOf(UnusableDeviceException.class)
                .hasMessageContaining("cuda:0 cannot be used")
                .hasMessageContaining("PYTORCH_LIBRARY_PATH");
    }

    private KvRegion region() {
        return region(model.layout(BLOCKS));
    }

    private KvRegion region(KvLayout layout) {
        return new KvRegion(layout, arena.allocate(layout.bytes(), 64));
    }

    /** The kernels' block as libtorch has it: keys [token][dimension] as values are. */
    private static float[] keysTurnedBack(KvRegion region, int layer, int block) {
        float[] turned = region.layerBlock(layer, block).toArray(JAVA_FLOAT);
        float[] plain = turned.clone();
        LayerGroup group = region.layout().group(layer);
        for (int i = 0; i < group.kvHeads() * group.keyDim() * BLOCK; i++) {
            int row = i / BLOCK;
            int head = row / group.keyDim();
            plain[(head * BLOCK + i % BLOCK) * group.keyDim() + row % group.keyDim()] = turned[i];
        }
        return plain;
    }

    /** Tokens {@code [from, to)} of the sequence, whose blocks begin at that one. */
    private Slice slice(int from, int to, int firstBlock) {
        int[] blocks = new int[Math.ceilDiv(to, BLOCK)];
        Arrays.setAll(blocks, i -> firstBlock + i);
        return new Slice(Arrays.copyOfRange(tokens, from, to), from, blocks, true);
    }

    private static float[] run(ModelRunner runner, Slice slice) {
        return runner.forward(List.of(slice), layer -> {}).toArray(JAVA_FLOAT);
    }

    private static void copy(KvRegion from, int firstBlock, KvRegion to, int firstThere) {
        for (int layer = 0; layer < from.layout().layers(); layer++) {
            for (int i = 0; i < Math.ceilDiv(LENGTH, BLOCK); i++) {
                to.layerBlock(layer, firstThere + i).copyFrom(from.layerBlock(layer, firstBlock + i));
            }
        }
    }
}
