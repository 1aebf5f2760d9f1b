// Nothing at all, and a store that the host can see: what is left is the launch.

extern "C" __global__ void nothing(unsigned *data, unsigned long long *out,
                                   unsigned long long words, unsigned steps, unsigned stride) {}

// `out` is host memory: the host polls it, and so learns when the first instruction ran.
extern "C" __global__ void mark(unsigned *data, unsigned long long *out,
                                unsigned long long words, unsigned steps, unsigned stride) {
    *(volatile unsigned long long *)out = 1;
    __threadfence_system();
}
