// Counts in `stride` bins, a power of two of at most 1024, by atomic additions to global memory.
// The bins stand in the first 1024 words; each thread counts `steps` numbers of those behind them.

extern "C" __global__ void histogram(unsigned *data, unsigned long long *out,
                                     unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long all = (unsigned long long)gridDim.x * blockDim.x;
    const float *from = (const float *)data + 1024;
    unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
#pragma unroll 1
    for (unsigned step = 0; step < steps; ++step, i += all)
        atomicAdd(data + ((unsigned)from[i] & (stride - 1)), 1u);
}

// All bins together hold `steps` times as many counts as there are numbers.
extern "C" __global__ void histogram_check(unsigned *data, unsigned long long *out,
                                           unsigned long long words, unsigned steps,
                                           unsigned stride) {
    if (blockIdx.x != 0 || threadIdx.x != 0) return;
    unsigned long long sum = 0;
#pragma unroll 1
    for (unsigned i = 0; i < 1024; ++i) sum += data[i];
    atomicAdd(out, 1ull << 40);
    if (sum != steps * (words - 1024)) atomicAdd(out, 1ull);
}
