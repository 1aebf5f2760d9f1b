// Reads with a known number of bytes in flight: four 16-byte loads a thread, none of which waits
// for another. The loads are written in PTX and the loops are not unrolled, so that the compiler
// makes them neither narrower nor more.

__device__ __forceinline__ void load(unsigned &sum, const uint4 *from) {
    uint4 v;
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    sum += v.x;
}

// `stride` 0: the whole grid sweeps all words together, `steps` times over. Otherwise each block
// sweeps its own `stride` words, which its SM's first-level cache then holds.
extern "C" __global__ void read(unsigned *data, unsigned long long *out,
                                unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long span = (stride ? stride : words) / 4;
    const uint4 *from = (const uint4 *)data + (stride ? blockIdx.x * span : 0);
    unsigned long long first =
        stride ? threadIdx.x : (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    unsigned long long all = stride ? blockDim.x : (unsigned long long)gridDim.x * blockDim.x;
    unsigned a = 0, b = 0, c = 0, d = 0;
#pragma unroll 1
    for (unsigned pass = 0; pass < steps; ++pass) {
        unsigned long long i = first;
#pragma unroll 1
        for (; i + 3 * all < span; i += 4 * all) {
            load(a, from + i);
            load(b, from + i + all);
            load(c, from + i + 2 * all);
            load(d, from + i + 3 * all);
        }
#pragma unroll 1
        for (; i < span; i += all) load(a, from + i);
    }
    if (a + b + c + d == 0x9e3779b9u) out[1] = a;
}

__device__ __forceinline__ void load_shared(unsigned &sum, unsigned from) {
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "r"(from));
    sum += v.x;
}

// The same in shared memory: `steps` rounds of four loads a thread.
extern "C" __global__ void read_shared(unsigned *data, unsigned long long *out,
                                       unsigned long long words, unsigned steps,
                                       unsigned stride) {
    __shared__ uint4 tile[1024];
    for (unsigned i = threadIdx.x; i < 1024; i += blockDim.x) tile[i] = make_uint4(i, i, i, i);
    __syncthreads();
    unsigned base = (unsigned)__cvta_generic_to_shared(tile);
    unsigned at = base + threadIdx.x % 256 * 16;
    unsigned a = 0, b = 0, c = 0, d = 0;
#pragma unroll 1
    for (unsigned i = 0; i < steps; ++i) {
        load_shared(a, at);
        load_shared(b, at + 4096);
        load_shared(c, at + 8192);
        load_shared(d, at + 12288);
    }
    if (a + b + c + d == 0x9e3779b9u) out[1] = a;
}
