// Sums of blocks of 1024 of `stride` floats: four a thread in one load, then a tree in shared
// memory. The sums stand behind the data. All numbers are whole, so that sums are exact.

extern "C" __global__ void reduction(unsigned *data, unsigned long long *out,
                                     unsigned long long words, unsigned steps, unsigned stride) {
    __shared__ float tree[256];
    unsigned long long i = (unsigned long long)blockIdx.x * 256 + threadIdx.x;
    float4 v = ((const float4 *)data)[i];
    tree[threadIdx.x] = (v.x + v.y) + (v.z + v.w);
    __syncthreads();
#pragma unroll
    for (unsigned half = 128; half > 0; half /= 2) {
        if (threadIdx.x < half) tree[threadIdx.x] += tree[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) ((float *)data)[stride + blockIdx.x] = tree[0];
}

extern "C" __global__ void reduction_check(unsigned *data, unsigned long long *out,
                                           unsigned long long words, unsigned steps,
                                           unsigned stride) {
    unsigned long long block = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    const float *in = (const float *)data;
    if (block == 0) atomicAdd(out, 1ull << 40);
    if (block >= stride / 1024) return;
    float sum = 0.0f;
#pragma unroll 1
    for (unsigned i = 0; i < 1024; ++i) sum += in[block * 1024 + i];
    if (in[stride + block] != sum) atomicAdd(out, 1ull);
}
