// Fused multiply-adds and nothing else: four chains a thread, so that no scheduler waits for a
// result. `steps` rounds of four.

extern "C" __global__ void arithmetic(unsigned *data, unsigned long long *out,
                                      unsigned long long words, unsigned steps,
                                      unsigned stride) {
    float a = threadIdx.x, b = a + 1.0f, c = a + 2.0f, d = a + 3.0f;
#pragma unroll 8
    for (unsigned i = 0; i < steps; ++i) {
        a = __fmaf_rn(a, 1.000001f, 0.5f);
        b = __fmaf_rn(b, 1.000001f, 0.5f);
        c = __fmaf_rn(c, 1.000001f, 0.5f);
        d = __fmaf_rn(d, 1.000001f, 0.5f);
    }
    if (a + b + c + d == 0.0f) out[1] = 1;
}
