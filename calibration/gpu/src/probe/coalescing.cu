// One word a thread, `stride` words apart: how much memory moves for what is used.

extern "C" __global__ void strided(unsigned *data, unsigned long long *out,
                                   unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long wanted = words / stride;
    unsigned long long all = (unsigned long long)gridDim.x * blockDim.x;
    unsigned sum = 0;
    unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
#pragma unroll 1
    for (; i + 3 * all < wanted; i += 4 * all)
        sum += data[i * stride] ^ data[(i + all) * stride] ^ data[(i + 2 * all) * stride] ^
               data[(i + 3 * all) * stride];
#pragma unroll 1
    for (; i < wanted; i += all) sum += data[i * stride];
    if (sum == 0x9e3779b9u) out[1] = sum;
}
