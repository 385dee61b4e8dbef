package dev.baton.transfer.pool;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.LayerGroup;
import dev.baton.protocol.v1.KvLayoutDescription;
import java.util.Arrays;

/** {@link KvLayout} as it stands on the wire and in pool headers. */
public final class LayoutCodec {
    private LayoutCodec() {}

    public static KvLayoutDescription describe(KvLayout layout) {
        KvLayoutDescription.Builder description = KvLayoutDescription.newBuilder()
                .setBlockTokens(layout.blockTokens())
                .setElementBytes(layout.dtype().bytes())
                .setDtype(layout.dtype().name())
                .setTurnedKeys(layout.turnedKeys())
                .setScaleBytes(layout.dtype().scaleBytes())
                .setRank(layout.rank())
                .setRanks(layout.ranks())
                .setBlocks(layout.blocks());
        for (LayerGroup group : layout.groups()) {
            description.addGroups(KvLayoutDescription.Group.newBuilder()
                    .setFirstLayer(group.firstLayer())
                    .setLayers(group.layers())
                    .setFirstHead(group.firstHead())
                    .setKvHeads(group.kvHeads())
                    .setKeyDim(group.keyDim())
                    .setValueDim(group.valueDim())
                    .setWindow(group.window()));
        }
        return description.build();
    }

    /** @throws IllegalArgumentException when the description is not a layout */
    public static KvLayout layout(KvLayoutDescription description) {
        KvDtype dtype = Arrays.stream(KvDtype.values())
                .filter(value -> value.name().equals(description.getDtype())
                        && value.bytes() == description.getElementBytes()
                        && value.scaleBytes() == description.getScaleBytes())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown KV element type %s of %d bytes, scales of %d"
                        .formatted(
                                description.getDtype(), description.getElementBytes(), description.getScaleBytes())));
        return new KvLayout(
                description.getGroupsList().stream()
                        .map(group -> new LayerGroup(
                                group.getFirstLayer(),
                                group.getLayers(),
                                group.getFirstHead(),
                                group.getKvHeads(),
                                group.getKeyDim(),
                                group.getValueDim(),
                                group.getWindow()))
                        .toList(),
                description.getBlockTokens(),
                dtype,
                description.getTurnedKeys(),
                description.getBlocks(),
                description.getRank(),
                description.getRanks());
    }
}
