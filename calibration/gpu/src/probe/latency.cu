// Chains of dependent loads: each address is what the load before returned.

// Makes a ring: the word at i holds the index `stride` words further on.
extern "C" __global__ void link(unsigned *data, unsigned long long *out,
                                unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long ring = words / stride;
    unsigned long long all = (unsigned long long)gridDim.x * blockDim.x;
    for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
         i < ring; i += all)
        data[i * stride] = (unsigned)(((i + 1) % ring) * stride);
}

// One thread walks the ring. A ring that a cache may hold is walked once before the clock starts.
extern "C" __global__ void chase(unsigned *data, unsigned long long *out,
                                 unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long ring = words / stride;
    unsigned at = 0;
    unsigned long long lap = ring <= 1ull << 19 ? ring : 0;
#pragma unroll 1
    for (unsigned long long i = 0; i < lap; ++i) at = data[at];
    long long begin = clock64();
#pragma unroll 16
    for (unsigned i = 0; i < steps; ++i) at = data[at];
    // The next line needs the last load, so the clock cannot be read before it has come.
    if (at == 0xffffffffu) out[1] = at;
    out[0] = (unsigned long long)(clock64() - begin);
}

// The same in shared memory.
extern "C" __global__ void chase_shared(unsigned *data, unsigned long long *out,
                                        unsigned long long words, unsigned steps,
                                        unsigned stride) {
    __shared__ unsigned ring[1024];
    for (unsigned i = threadIdx.x; i < 1024; i += blockDim.x) ring[i] = (i + 1) % 1024;
    __syncthreads();
    unsigned at = threadIdx.x % 1024;
    long long begin = clock64();
#pragma unroll 16
    for (unsigned i = 0; i < steps; ++i) at = ring[at];
    if (at == 0xffffffffu) out[1] = at;
    if (threadIdx.x == 0 && blockIdx.x == 0) out[0] = (unsigned long long)(clock64() - begin);
}
