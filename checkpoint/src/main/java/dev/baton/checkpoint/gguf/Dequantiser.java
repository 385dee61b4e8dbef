package dev.baton.checkpoint.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Blocks to f32, with the roundings of ggml's own code: each scale is widened from f16, products and sums are single f32
 * operations in ggml's order.
 */
final class Dequantiser {
    private static final int SMALL = 32;
    private static final int LARGE = 256;

    private Dequantiser() {}

    /** Elements that begin at a block's start. */
    static void read(GgufType type, MemorySegment data, long at, float[] to) {
        for (int i = 0; i < to.length; i += type.blockElements()) {
            block(type, data, at + (long) (i / type.blockElements()) * type.blockBytes(), to, i);
        }
    }

    private static void block(GgufType type, MemorySegment data, long at, float[] to, int i) {
        switch (type) {
            case F32 -> to[i] = data.get(JAVA_FLOAT_UNALIGNED, at);
            case F16 -> to[i] = half(data, at);
            case BF16 -> to[i] = Float.intBitsToFloat(data.get(JAVA_SHORT_UNALIGNED, at) << 16);
            case Q8_0 -> q8(data, at, to, i);
            case Q4_0 -> {
                q4(data, at + 2, 8, to, i);
                scale(to, i, half(data, at));
            }
            case Q4_1 -> {
                q4(data, at + 4, 0, to, i);
                scale(to, i, half(data, at), half(data, at + 2));
            }
            case Q5_0 -> {
                q5(data, at + 2, 16, to, i);
                scale(to, i, half(data, at));
            }
            case Q5_1 -> {
                q5(data, at + 4, 0, to, i);
                scale(to, i, half(data, at), half(data, at + 2));
            }
            case Q4_K -> q4k(data, at, to, i);
            case Q5_K -> q5k(data, at, to, i);
            case Q6_K -> q6k(data, at, to, i);
            case Q2_K,
                    Q3_K,
                    IQ2_XXS,
                    IQ2_XS,
                    IQ3_XXS,
                    IQ1_S,
                    IQ4_NL,
                    IQ3_S,
                    IQ2_S,
                    IQ4_XS,
                    I8,
                    I16,
                    I32,
                    I64,
                    F64,
                    IQ1_M,
                    TQ1_0,
                    TQ2_0,
                    MXFP4,
                    NVFP4,
                    Q1_0 -> throw new IllegalArgumentException(type + " is not read");
        }
    }

    private static void q8(MemorySegment data, long at, float[] to, int i) {
        for (int j = 0; j < SMALL; j++) {
            to[i + j] = data.get(JAVA_BYTE, at + 2 + j);
        }
        scale(to, i, half(data, at));
    }

    /** Low halves of 16 bytes, then their high halves. */
    private static void q4(MemorySegment data, long at, int zero, float[] to, int i) {
        for (int j = 0; j < SMALL / 2; j++) {
            int both = u8(data, at + j);
            to[i + j] = (both & 15) - zero;
            to[i + j + SMALL / 2] = (both >> 4) - zero;
        }
    }

    /** As {@link #q4}, with the fifth bits of all 32 before them. */
    private static void q5(MemorySegment data, long at, int zero, float[] to, int i) {
        int fifth = data.get(JAVA_INT_UNALIGNED, at);
        for (int j = 0; j < SMALL / 2; j++) {
            int both = u8(data, at + 4 + j);
            to[i + j] = ((both & 15) | ((fifth >>> j) & 1) << 4) - zero;
            to[i + j + SMALL / 2] = ((both >> 4) | ((fifth >>> (j + SMALL / 2)) & 1) << 4) - zero;
        }
    }

    private static void scale(float[] to, int i, float scale) {
        for (int j = i; j < i + SMALL; j++) {
            to[j] *= scale;
        }
    }

    private static void scale(float[] to, int i, float scale, float min) {
        for (int j = i; j < i + SMALL; j++) {
            to[j] = to[j] * scale + min;
        }
    }

    /** Eight groups of 32, each with a scale and a minimum of 6 bits. */
    private static void q4k(MemorySegment data, long at, float[] to, int i) {
        float scale = half(data, at);
        float min = half(data, at + 2);
        for (int group = 0; group < LARGE / SMALL; group++) {
            float d = scale * scaleOf(data, at + 4, group);
            float m = min * minOf(data, at + 4, group);
            for (int j = 0; j < SMALL; j++) {
                int both = u8(data, at + 16 + group / 2L * SMALL + j);
                to[i + group * SMALL + j] = d * (group % 2 == 0 ? both & 15 : both >> 4) - m;
            }
        }
    }

    private static void q5k(MemorySegment data, long at, float[] to, int i) {
        float scale = half(data, at);
        float min = half(data, at + 2);
        for (int group = 0; group < LARGE / SMALL; group++) {
            float d = scale * scaleOf(data, at + 4, group);
            float m = min * minOf(data, at + 4, group);
            for (int j = 0; j < SMALL; j++) {
                int both = u8(data, at + 48 + group / 2L * SMALL + j);
                int fifth = (u8(data, at + 16 + j) >> group) & 1;
                to[i + group * SMALL + j] = d * ((group % 2 == 0 ? both & 15 : both >> 4) | fifth << 4) - m;
            }
        }
    }

    /** Twelve bytes hold eight scales and eight minima: six bits of the first four each, four and two of the others. */
    static int scaleOf(MemorySegment data, long at, int group) {
        return group < 4
                ? u8(data, at + group) & 63
                : (u8(data, at + group + 4) & 15) | u8(data, at + group - 4) >> 6 << 4;
    }

    static int minOf(MemorySegment data, long at, int group) {
        return group < 4
                ? u8(data, at + group + 4) & 63
                : u8(data, at + group + 4) >> 4 | u8(data, at + group) >> 6 << 4;
    }

    /** Two halves of 128: four low bits each in 64 bytes, two high bits each in 32, a scale for every 16. */
    private static void q6k(MemorySegment data, long at, float[] to, int i) {
        float scale = half(data, at + 208);
        for (int e = 0; e < LARGE; e++) {
            int side = e / 128;
            int in = e % 128;
            int both = u8(data, at + side * 64L + in % 64);
            int low = in < 64 ? both & 15 : both >> 4;
            int high = (u8(data, at + 128 + side * 32L + in % 32) >> (in / 32 * 2)) & 3;
            to[i + e] = scale * data.get(JAVA_BYTE, at + 192 + e / 16) * ((low | high << 4) - 32);
        }
    }

    private static float half(MemorySegment data, long at) {
        return Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, at));
    }

    private static int u8(MemorySegment data, long at) {
        return Byte.toUnsignedInt(data.get(JAVA_BYTE, at));
    }
}
