// Atomic additions: by many threads at once, and one after another.

// `stride` 0: all on one word; 1: each thread on its own.
extern "C" __global__ void atomic(unsigned *data, unsigned long long *out,
                                  unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long thread = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    unsigned *on = data + (thread * stride) % words;
    // The operand differs from lane to lane, so that the compiler cannot add a warp's up first.
#pragma unroll 1
    for (unsigned i = 0; i < steps; ++i) atomicAdd(on, threadIdx.x + i);
}

// Each addition on one of `stride` words, a power of two, as if drawn.
extern "C" __global__ void atomic_scattered(unsigned *data, unsigned long long *out,
                                            unsigned long long words, unsigned steps,
                                            unsigned stride) {
    unsigned drawn = (blockIdx.x * blockDim.x + threadIdx.x) * 2654435769u + 1u;
#pragma unroll 1
    for (unsigned i = 0; i < steps; ++i) {
        // A linear congruence; its upper bits are the good ones.
        drawn = drawn * 1664525u + 1013904223u;
        atomicAdd(data + ((drawn >> 8) & (stride - 1)), threadIdx.x + i);
    }
}

// One thread, each addition waiting for the one before.
extern "C" __global__ void atomic_chain(unsigned *data, unsigned long long *out,
                                        unsigned long long words, unsigned steps,
                                        unsigned stride) {
    // Additions of zero to zero: each address is what the one before returned, and always 0. The
    // zero is `stride` - 1, lest the compiler knows it and takes another instruction.
    data[0] = 0;
    __threadfence();
    unsigned at = 0;
    long long begin = clock64();
#pragma unroll 1
    for (unsigned i = 0; i < steps; ++i) at = atomicAdd(data + at, stride - 1);
    if (at == 0xffffffffu) out[1] = at;
    out[0] = (unsigned long long)(clock64() - begin);
}
