// Barriers of a block, one after another.

extern "C" __global__ void barrier(unsigned *data, unsigned long long *out,
                                   unsigned long long words, unsigned steps, unsigned stride) {
    __syncthreads();
    long long begin = clock64();
#pragma unroll 16
    for (unsigned i = 0; i < steps; ++i) __syncthreads();
    if (threadIdx.x == 0 && blockIdx.x == 0) out[0] = (unsigned long long)(clock64() - begin);
}
