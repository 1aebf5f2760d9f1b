// c = a + 3 b, one float a thread; three arrays of `stride` floats.
//
// A check leaves 2^40 for having run, and one more for each wrong result.

extern "C" __global__ void triad(unsigned *data, unsigned long long *out,
                                 unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    const float *a = (const float *)data, *b = a + stride;
    float *c = (float *)data + 2ull * stride;
    if (i < stride) c[i] = a[i] + 3.0f * b[i];
}

extern "C" __global__ void triad_check(unsigned *data, unsigned long long *out,
                                       unsigned long long words, unsigned steps,
                                       unsigned stride) {
    unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    const float *a = (const float *)data, *b = a + stride, *c = b + stride;
    if (i == 0) atomicAdd(out, 1ull << 40);
    if (i < stride && c[i] != a[i] + 3.0f * b[i]) atomicAdd(out, 1ull);
}
