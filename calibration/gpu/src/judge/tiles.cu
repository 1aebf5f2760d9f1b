// C = A B of squares of `stride` by `stride` floats, by tiles of 16 by 16 in shared memory.

extern "C" __global__ void tiles(unsigned *data, unsigned long long *out,
                                 unsigned long long words, unsigned steps, unsigned stride) {
    __shared__ float own[16][16], other[16][16];
    unsigned side = stride / 16;
    unsigned x = threadIdx.x % 16, y = threadIdx.x / 16;
    unsigned column = blockIdx.x % side * 16 + x, row = blockIdx.x / side * 16 + y;
    const float *a = (const float *)data, *b = a + (unsigned long long)stride * stride;
    float *c = (float *)data + 2ull * stride * stride;
    float sum = 0.0f;
#pragma unroll 1
    for (unsigned tile = 0; tile < stride; tile += 16) {
        own[y][x] = a[(unsigned long long)row * stride + tile + x];
        other[y][x] = b[(unsigned long long)(tile + y) * stride + column];
        __syncthreads();
#pragma unroll
        for (unsigned k = 0; k < 16; ++k) sum = __fmaf_rn(own[y][k], other[k][x], sum);
        __syncthreads();
    }
    c[(unsigned long long)row * stride + column] = sum;
}

// One element of each tile, in double precision.
extern "C" __global__ void tiles_check(unsigned *data, unsigned long long *out,
                                       unsigned long long words, unsigned steps,
                                       unsigned stride) {
    unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned side = stride / 16;
    const float *a = (const float *)data, *b = a + (unsigned long long)stride * stride;
    const float *c = b + (unsigned long long)stride * stride;
    if (at == 0) atomicAdd(out, 1ull << 40);
    if (at >= side * side) return;
    unsigned column = at % side * 16 + at % 16, row = at / side * 16 + at / 16 % 16;
    double sum = 0.0;
#pragma unroll 1
    for (unsigned k = 0; k < stride; ++k)
        sum += (double)a[(unsigned long long)row * stride + k] *
               (double)b[(unsigned long long)k * stride + column];
    double off = (double)c[(unsigned long long)row * stride + column] - sum;
    if (!(off <= 1e-3 * sum && off >= -1e-3 * sum)) atomicAdd(out, 1ull);
}
