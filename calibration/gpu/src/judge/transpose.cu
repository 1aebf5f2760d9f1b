// A square of `stride` by `stride` floats, turned over: by tiles of 32 by 32 through shared memory,
// or element by element, whose stores are a row apart. `steps` is the logarithm of the side.

extern "C" __global__ void transpose(unsigned *data, unsigned long long *out,
                                     unsigned long long words, unsigned steps, unsigned stride) {
    __shared__ unsigned tile[32][33];
    unsigned tiles = stride / 32;
    unsigned x0 = blockIdx.x % tiles * 32, y0 = blockIdx.x / tiles * 32;
    unsigned x = threadIdx.x % 32, y = threadIdx.x / 32;
    unsigned *to = data + (unsigned long long)stride * stride;
#pragma unroll
    for (unsigned i = 0; i < 32; i += 8)
        tile[y + i][x] = data[(unsigned long long)(y0 + y + i) * stride + x0 + x];
    __syncthreads();
#pragma unroll
    for (unsigned i = 0; i < 32; i += 8)
        to[(unsigned long long)(x0 + y + i) * stride + y0 + x] = tile[x][y + i];
}

extern "C" __global__ void transpose_plain(unsigned *data, unsigned long long *out,
                                           unsigned long long words, unsigned steps,
                                           unsigned stride) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned x = i & (stride - 1), y = i >> steps;
    unsigned *to = data + (unsigned long long)stride * stride;
    to[(unsigned long long)x * stride + y] = data[i];
}

extern "C" __global__ void transpose_check(unsigned *data, unsigned long long *out,
                                           unsigned long long words, unsigned steps,
                                           unsigned stride) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned x = i & (stride - 1), y = i >> steps;
    const unsigned *to = data + (unsigned long long)stride * stride;
    if (i == 0) atomicAdd(out, 1ull << 40);
    if (to[(unsigned long long)x * stride + y] != data[i]) atomicAdd(out, 1ull);
}
