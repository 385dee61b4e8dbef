package dev.baton.model;

import dev.baton.kernel.GroupPanels;
import dev.baton.kernel.WeightType;

/** A matrix that is stored in groups of weights with which the kernels compute as they are. */
public interface GroupedRows {
    /** What it is packed as. */
    WeightType grouped();

    /**
     * Writes one row.
     *
     * @param to a packed matrix of that type and as many inputs
     * @param output of the packed matrix
     */
    void write(long row, GroupPanels to, long output);
}
