// Dependent multiplications: a kernel that needs nothing but time, and says how many cycles.

extern "C" __global__ void spin(unsigned *data, unsigned long long *out,
                                unsigned long long words, unsigned steps, unsigned stride) {
    float value = threadIdx.x;
    long long begin = clock64();
#pragma unroll 16
    for (unsigned i = 0; i < steps; ++i) value = __fmaf_rn(value, 1.000001f, 0.5f);
    if (value == 0.0f) out[1] = 1;
    if (threadIdx.x == 0 && blockIdx.x == 0) out[0] = (unsigned long long)(clock64() - begin);
}
