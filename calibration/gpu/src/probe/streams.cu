// Streams of one element of 8 or 16 bytes a thread, without a loop: a block loads, stores and retires, so
// that what blocks cost shows as much as memory. Loads and stores are written in PTX, so that the
// compiler makes them neither wider nor fewer.
//
// `data` holds up to three arrays, each `stride` 4-byte words long, a power of two; a grid larger
// than an array begins it anew.

__device__ __forceinline__ uint2 *element(unsigned *data, unsigned stride, unsigned array) {
    unsigned long long thread = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    unsigned long long span = stride / 2;
    return (uint2 *)data + array * span + (thread & (span - 1));
}

__device__ __forceinline__ uint2 load(const uint2 *from) {
    uint2 v;
    asm volatile("ld.global.v2.u32 {%0, %1}, [%2];" : "=r"(v.x), "=r"(v.y) : "l"(from));
    return v;
}

__device__ __forceinline__ void store(uint2 *to, uint2 v) {
    asm volatile("st.global.v2.u32 [%0], {%1, %2};" : : "l"(to), "r"(v.x), "r"(v.y) : "memory");
}

// a = constant
extern "C" __global__ void stream_init(unsigned *data, unsigned long long *out,
                                       unsigned long long words, unsigned steps,
                                       unsigned stride) {
    store(element(data, stride, 0), make_uint2(steps, stride));
}

// a is read
extern "C" __global__ void stream_read(unsigned *data, unsigned long long *out,
                                       unsigned long long words, unsigned steps,
                                       unsigned stride) {
    uint2 a = load(element(data, stride, 0));
    if (a.x == 0x9e3779b9u && a.y == 0x7f4a7c15u) out[1] = a.x;
}

// b = change(a)
extern "C" __global__ void stream_scale(unsigned *data, unsigned long long *out,
                                        unsigned long long words, unsigned steps,
                                        unsigned stride) {
    uint2 a = load(element(data, stride, 0));
    store(element(data, stride, 1), make_uint2(~a.x, ~a.y));
}

// c = a with b
extern "C" __global__ void stream_triad(unsigned *data, unsigned long long *out,
                                        unsigned long long words, unsigned steps,
                                        unsigned stride) {
    uint2 a = load(element(data, stride, 0));
    uint2 b = load(element(data, stride, 1));
    store(element(data, stride, 2), make_uint2(a.x ^ b.x, a.y ^ b.y));
}

__device__ __forceinline__ uint4 load_wide(const uint4 *from) {
    uint4 v;
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}

// The same with elements of 16 bytes: more in flight on an SM that is held to few blocks.
extern "C" __global__ void stream_wide(unsigned *data, unsigned long long *out,
                                       unsigned long long words, unsigned steps,
                                       unsigned stride) {
    unsigned long long thread = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    unsigned long long span = stride / 4;
    uint4 *at = (uint4 *)data + (thread & (span - 1));
    uint4 a = load_wide(at);
    uint4 b = load_wide(at + span);
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
                 :
                 : "l"(at + 2 * span), "r"(a.x ^ b.x), "r"(a.y ^ b.y), "r"(a.z ^ b.z),
                   "r"(a.w ^ b.w)
                 : "memory");
}
