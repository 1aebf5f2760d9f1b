// Data for the kernels of the judging set: whole numbers from 0 to 1023 as floats, in an order that
// nobody guesses, behind `steps` words of zero.

extern "C" __global__ void fill(unsigned *data, unsigned long long *out,
                                unsigned long long words, unsigned steps, unsigned stride) {
    unsigned long long all = (unsigned long long)gridDim.x * blockDim.x;
#pragma unroll 1
    for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x; i < words;
         i += all) {
        float value = (float)((unsigned)i * 2654435761u >> 22);
        data[i] = i < steps ? 0 : __float_as_uint(value);
    }
}
