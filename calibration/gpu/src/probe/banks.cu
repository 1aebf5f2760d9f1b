// A warp's dependent loads from shared memory, its lanes `stride` words apart: with 32 banks of
// one word, a power of two up to 32 makes as many lanes meet in one bank.

extern "C" __global__ void conflict(unsigned *data, unsigned long long *out,
                                    unsigned long long words, unsigned steps, unsigned stride) {
    __shared__ unsigned ring[1024];
    // Every word leads to itself, so that a lane stays in its bank.
    for (unsigned i = threadIdx.x; i < 1024; i += blockDim.x) ring[i] = i;
    __syncthreads();
    unsigned at = (threadIdx.x % 32) * stride;
    long long begin = clock64();
#pragma unroll 16
    for (unsigned i = 0; i < steps; ++i) at = *(volatile unsigned *)&ring[at];
    if (at == 0xffffffffu) out[1] = at;
    if (threadIdx.x == 0) out[0] = (unsigned long long)(clock64() - begin);
}
