/* The sums of a run in the vectors that whoever includes this defines. A vector's even words are multiplied as they lie, its
 * odd ones after a shift: 32 times 32 bits make 64. */
TARGET static sums RUN(const char *source, char *copy, const uint32_t *a, const uint32_t *b, long count) {
    enum { WORDS = BYTES / 4, LANES = BYTES / 8, TURN = 2 * WORDS };
    VECTOR a0 = ZERO(), a1 = a0, b0 = a0, b1 = a0;
    int past = (uintptr_t)copy % BYTES == 0;
    long i = 0;
    for (; i + TURN <= count; i += TURN) {
        for (int line = 0; line < TURN * 4; line += 64) _mm_prefetch(source + 4 * i + AHEAD + line, _MM_HINT_T0);
        for (int half = 0; half < 2; half++) {
            long at = i + half * WORDS;
            VECTOR x = LOAD((const void *)(source + 4 * at)), wa = LOAD((const void *)(a + at)), wb = LOAD((const void *)(b + at));
            if (copy && past) STREAM((void *)(copy + 4 * at), x);
            else if (copy) STORE((void *)(copy + 4 * at), x);
            VECTOR odd = ODD(x);
            a0 = ADD(a0, MULTIPLY(x, wa));
            b0 = ADD(b0, MULTIPLY(x, wb));
            a1 = ADD(a1, MULTIPLY(odd, ODD(wa)));
            b1 = ADD(b1, MULTIPLY(odd, ODD(wb)));
        }
    }
    uint64_t lane[2 * LANES];
    STORE((void *)lane, ADD(a0, a1));
    STORE((void *)(lane + LANES), ADD(b0, b1));
    sums of = scalar_run(source + 4 * i, copy ? copy + 4 * i : NULL, a + i, b + i, count - i);
    for (int k = 0; k < LANES; k++) {
        of.a += lane[k];
        of.b += lane[LANES + k];
    }
    return of;
}

#undef TARGET
#undef RUN
#undef VECTOR
#undef BYTES
#undef ZERO
#undef LOAD
#undef STREAM
#undef STORE
#undef ADD
#undef MULTIPLY
#undef ODD
