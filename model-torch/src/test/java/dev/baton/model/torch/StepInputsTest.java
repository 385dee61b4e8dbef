package dev.baton.model.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner.Slice;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepInputsTest {
    private static final int BLOCK = 4;

    private final Slice prompt = new Slice(new int[] {7, 8, 9, 10, 11}, 2, new int[] {30, 31}, true);
    private final Slice near = new Slice(new int[] {5}, 0, new int[] {20, 21}, false);
    private final Slice far = new Slice(new int[] {6}, 9, new int[] {10, 11, 12}, true);
    private final StepInputs numbers = new StepInputs(List.of(prompt, near, far), BLOCK);

    @Test
    void slicesOfOneRowComeFirst() {
        assertThat(numbers.order).containsExactly(near, far, prompt);
        assertThat(numbers.singles).isEqualTo(2);
        assertThat(numbers.rows).isEqualTo(7);
        assertThat(List.of(numbers.firstRow(0), numbers.firstRow(1), numbers.firstRow(2)))
                .containsExactly(0, 1, 2);
    }

    @Test
    void eachRowHasItsTokenItsPositionAndItsPlace() {
        assertThat(of(numbers.idsAt, 7)).containsExactly(5, 6, 7, 8, 9, 10, 11);
        assertThat(of(numbers.positionsAt, 7)).containsExactly(0, 9, 2, 3, 4, 5, 6);
        assertThat(of(numbers.blocksAt, 7)).containsExactly(20, 12, 30, 30, 31, 31, 31);
        assertThat(of(numbers.cellsAt, 7)).containsExactly(0, 1, 2, 3, 0, 1, 2);
        assertThat(numbers.block(1)).isEqualTo(12);
        assertThat(numbers.cell(1)).isEqualTo(1);
    }

    @Test
    void rowsThatArePickedAreInTheOrderInWhichTheSlicesWereGiven() {
        assertThat(numbers.picked).isEqualTo(2);
        assertThat(of(numbers.pickedAt, 2)).containsExactly(6, 1);
    }

    @Test
    void tablesOfSingleRowsAreAsLongAsTheLongestAndOthersAsLongAsTheirSlice() {
        assertThat(numbers.width).isEqualTo(3);
        assertThat(of(numbers.table(0), 6)).containsExactly(20, 0, 0, 10, 11, 12);
        assertThat(of(numbers.table(2), numbers.held(prompt))).containsExactly(30, 31);
        assertThat(of(numbers.endsAt, 3)).containsExactly(0, 9, 6);
        assertThat(of(numbers.freshAt, 4)).containsExactly(20, 12, 30, 31);
    }

    @Test
    void nothingNeedBePicked() {
        StepInputs none = new StepInputs(List.of(near), BLOCK);
        assertThat(none.picked).isZero();
        assertThat(none.width).isEqualTo(1);
    }

    private long[] of(int from, int count) {
        return Arrays.copyOfRange(numbers.all(), from, from + count);
    }
}
