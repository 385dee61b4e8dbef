package dev.baton.model.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner.Slice;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class WrittenBlocksTest {
    private static final int BLOCK = 8;

    @Test
    void aPartOfAPromptWritesTheEndOfOneBlockWholeOnesAndTheBeginningOfAnother() {
        WrittenBlocks fresh = new WrittenBlocks(List.of(slice(5, 15, 70, 71, 72)), BLOCK);

        assertThat(fresh.count()).isEqualTo(3);
        assertThat(List.of(fresh.id(0), fresh.from(0), fresh.to(0))).containsExactly(70, 5, 8);
        assertThat(List.of(fresh.id(1), fresh.from(1), fresh.to(1))).containsExactly(71, 0, 8);
        assertThat(List.of(fresh.id(2), fresh.from(2), fresh.to(2))).containsExactly(72, 0, 4);
        assertThat(List.of(fresh.whole(0), fresh.whole(1), fresh.whole(2))).containsExactly(false, true, false);
        assertThat(fresh.dense()).isTrue();
    }

    @Test
    void rowsOfRunningAnswersAreNotDenseAndAPromptBesideAFewOfThemIs() {
        assertThat(new WrittenBlocks(List.of(slice(5, 1, 3), slice(17, 1, 6, 7, 8)), BLOCK).dense())
                .isFalse();
        assertThat(new WrittenBlocks(List.of(slice(5, 1, 3), slice(0, 32, 4, 5, 6, 7)), BLOCK).dense())
                .isTrue();
    }

    @Test
    void everyRowIsInExactlyOneOfThem() {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            List<Slice> slices = new ArrayList<>();
            TreeSet<Long> wanted = new TreeSet<>();
            int next = 0;
            for (int s = random.nextInt(1, 5); s > 0; s--) {
                int position = random.nextInt(3 * BLOCK);
                int tokens = random.nextInt(1, 4 * BLOCK);
                int[] blocks = new int[Math.ceilDiv(position + tokens, BLOCK)];
                for (int i = 0; i < blocks.length; i++) {
                    blocks[i] = next++;
                }
                slices.add(slice(position, tokens, blocks));
                for (int at = position; at < position + tokens; at++) {
                    wanted.add((long) blocks[at / BLOCK] * BLOCK + at % BLOCK);
                }
            }
            WrittenBlocks fresh = new WrittenBlocks(slices, BLOCK);
            List<Long> named = new ArrayList<>();
            for (int i = 0; i < fresh.count(); i++) {
                for (int at = fresh.from(i); at < fresh.to(i); at++) {
                    named.add((long) fresh.id(i) * BLOCK + at);
                }
            }
            assertThat(named).doesNotHaveDuplicates();
            assertThat(new TreeSet<>(named)).isEqualTo(wanted);
        }
    }

    private static Slice slice(int position, int tokens, int... blocks) {
        return new Slice(new int[tokens], position, blocks, false);
    }
}
