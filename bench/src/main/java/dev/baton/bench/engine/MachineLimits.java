package dev.baton.bench.engine;

import dev.baton.kernel.RooflineProbe;

/**
 * The rates that the machine reached in a round.
 *
 * @param readBytes bytes read per second
 * @param flops operations per second of f32 multiply-adds
 * @param byteOps operations per second of byte multiply-adds, 0 where the CPU has no instruction for them
 */
record MachineLimits(double readBytes, double flops, double byteOps) {
    static MachineLimits measure(RooflineProbe limits) {
        return new MachineLimits(limits.readBytesPerSecond(), limits.flopsPerSecond(), limits.byteOpsPerSecond());
    }

    MachineLimits best(MachineLimits other) {
        return new MachineLimits(
                Math.max(readBytes, other.readBytes), Math.max(flops, other.flops), Math.max(byteOps, other.byteOps));
    }

    /** Tokens per second of the cell if nothing but these limits held it back. */
    double tokensPerSecond(Cell cell, Dimensions of, WeightFormat weights) {
        double products = weights == WeightFormat.W8A8 && byteOps > 0 ? byteOps : flops;
        double reading = of.bytes(cell, weights) / readBytes;
        double computing = of.productFlops(cell) / products + of.attentionFlops(cell) / flops;
        return cell.size() / Math.max(reading, computing);
    }
}
