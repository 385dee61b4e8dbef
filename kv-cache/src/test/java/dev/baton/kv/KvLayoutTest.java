package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class KvLayoutTest {
    /** Layers 12 to 17 of a model, heads 4 to 7, of which the last two layers are latent caches without values. */
    private static final KvLayout SHARE = new KvLayout(
            List.of(new LayerGroup(12, 4, 4, 4, 64, 128, 0), new LayerGroup(16, 2, 4, 1, 576, 0, 4_096)),
            16,
            KvDtype.BF16,
            true,
            10,
            3,
            4);

    @Test
    void countsLayersFromTheFirstThatIsHeld() {
        assertThat(SHARE.firstLayer()).isEqualTo(12);
        assertThat(SHARE.layers()).isEqualTo(6);
        assertThat(SHARE.group(3)).isEqualTo(SHARE.groups().getFirst());
        assertThat(SHARE.group(4)).isEqualTo(SHARE.groups().getLast());
        assertThat(SHARE.offset(0, 0)).isZero();
        assertThat(SHARE.offset(5, 9) + SHARE.layerBlockBytes(5)).isEqualTo(SHARE.bytes());
        assertThatThrownBy(() -> SHARE.group(6)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void layersOfOneBlockNeverOverlap() {
        long end = 0;
        for (int layer = 0; layer < SHARE.layers(); layer++) {
            for (int block = 0; block < SHARE.blocks(); block++) {
                assertThat(SHARE.offset(layer, block)).isEqualTo(end);
                end += SHARE.layerBlockBytes(layer);
            }
        }
        assertThat(end).isEqualTo(SHARE.bytes());
    }

    @Test
    void integersHaveAScaleForTheKeyAndTheValueOfEachHeadAndToken() {
        KvLayout small = KvLayout.uniform(2, 3, 64, 16, KvDtype.I8, 4);
        assertThat(small.layerBlockBytes(0)).isEqualTo(16 * 3 * (2 * 64 + 2 * 4));
        KvLayout latent = new KvLayout(List.of(new LayerGroup(0, 1, 1, 576, 0, 0)), 16, KvDtype.I8, false, 4, 0, 1);
        assertThat(latent.layerBlockBytes(0)).isEqualTo(16 * (576 + 4));
    }

    /** What is exchanged is layers and heads: how the ranks are counted does not matter to a peer. */
    @Test
    void blocksFitWhereTheSameLayersAndHeadsAreHeld() {
        assertThat(SHARE.compatibleWith(SHARE.withBlocks(3).withRank(1, 2))).isTrue();
        assertThat(SHARE.compatibleWith(with(new LayerGroup(12, 4, 0, 4, 64, 128, 0))))
                .isFalse();
        assertThat(SHARE.compatibleWith(with(new LayerGroup(12, 4, 4, 2, 64, 128, 0))))
                .isFalse();
        assertThat(KvLayout.uniform(2, 1, 64, 16, KvDtype.I8, 4)
                        .compatibleWith(KvLayout.uniform(2, 1, 64, 16, KvDtype.BF16, 4)))
                .isFalse();
        assertThat(SHARE.withTurnedKeys().compatibleWith(SHARE)).isTrue();
    }

    private static KvLayout with(LayerGroup first) {
        return new KvLayout(List.of(first, SHARE.groups().getLast()), 16, KvDtype.BF16, true, SHARE.blocks(), 3, 4);
    }

    @Test
    void refusesGroupsWithAGapBetweenTheirLayers() {
        List<LayerGroup> gap = List.of(new LayerGroup(12, 2, 1, 8, 8, 0), new LayerGroup(15, 1, 1, 8, 8, 0));
        assertThatThrownBy(() -> new KvLayout(gap, 16, KvDtype.BF16, false, 1, 0, 1))
                .hasMessage("layer group starts at 15, expected 14");
    }
}
