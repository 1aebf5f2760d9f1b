// A stand-in for NVIDIA's libcuda.so.1, so that what speaks to the driver is run without a GPU.
//
// It exports what podpath calls and nothing else: a call that is missing here is a panic of the
// binding, and the test fails. Every name is one that drivers of CUDA 12.0 to 13.0 export. It keeps
// time: streams are busy for as long as a simple law says, and events happen when they are free.
// What would be a crash on a GPU (an address that nobody allocated, a kernel that the PTX lacks) is
// an error. FAKE_VERSION, FAKE_INIT and FAKE_COUNT set what a broken machine would say.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, INVALID = 1, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700 };
static const double CLOCK_HZ = 1.4e9;
static const char *const NAME = "Fake H100";

typedef struct { int device; } Context;
typedef struct { char *text; } Module;
typedef struct { char name[64]; } Function;
typedef struct { double free_at; int capturing; double captured; } Stream;
typedef struct { double at; } Event;
typedef struct { double duration; } Graph;

static Context primary, *current;
static Stream null_stream;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static long set(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

// Allocations, so that an address can be held against them.
static struct { uintptr_t at, bytes; } areas[64];
static int keep(void *at, size_t bytes) {
    for (int i = 0; i < 64; ++i)
        if (!areas[i].at) {
            areas[i].at = (uintptr_t)at, areas[i].bytes = bytes;
            return OK;
        }
    return INVALID;
}
static int drop(uintptr_t at) {
    for (int i = 0; i < 64; ++i)
        if (areas[i].at == at) {
            areas[i].at = 0;
            free((void *)at);
            return OK;
        }
    return INVALID;
}
static int known(uintptr_t at, size_t bytes) {
    for (int i = 0; i < 64; ++i)
        if (areas[i].at && at >= areas[i].at && at + bytes <= areas[i].at + areas[i].bytes) return 1;
    return 0;
}
static void busy(Stream *s, double duration) {
    if (!s) s = &null_stream;
    if (s->capturing) {
        s->captured += duration;
        return;
    }
    double begin = now();
    s->free_at = (s->free_at > begin ? s->free_at : begin) + duration;
}

int cuDriverGetVersion(int *v) { return *v = (int)set("FAKE_VERSION", 13000), OK; }
int cuInit(unsigned flags) { return (int)set("FAKE_INIT", OK); }
int cuGetErrorName(int error, const char **text) {
    return *text = error == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OF_THE_STAND_IN", OK;
}
int cuGetErrorString(int error, const char **text) {
    return *text = error == 100 ? "no CUDA-capable device is detected" : "refused", OK;
}
int cuDeviceGetCount(int *n) { return *n = (int)set("FAKE_COUNT", 1), OK; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, OK; }
int cuDeviceGetName(char *name, int length, int device) {
    return snprintf(name, (size_t)length, "%s", NAME), OK;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { return *bytes = 80ull << 30, OK; }
int cuDeviceCanAccessPeer(int *can, int a, int b) { return *can = 1, OK; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    switch (attribute) {
    case 13: *value = 1980000; break;  // clock rate in kHz
    case 16: *value = 132; break;      // multiprocessors
    case 33: *value = 0x1b; break;     // PCI bus
    case 34: *value = 0; break;        // PCI device
    case 36: *value = 2619000; break;  // memory clock in kHz
    case 37: *value = 5120; break;     // memory bus in bits
    case 38: *value = 50 << 20; break; // L2
    case 39: *value = 2048; break;     // threads of a multiprocessor
    case 40: *value = 3; break;        // copy engines
    case 50: *value = 0; break;        // PCI domain
    case 75: *value = 9; break;        // compute capability
    case 76: *value = 0; break;
    case 81: *value = 233472; break;   // shared memory of a multiprocessor
    case 97: *value = 232448; break;   // shared memory of a block
    case 111: *value = 1024; break;    // reserved of it
    case 115: *value = 1; break;       // memory pools
    default: return INVALID;
    }
    return OK;
}

int cuDevicePrimaryCtxRetain(Context **c, int device) { return *c = &primary, OK; }
int cuDevicePrimaryCtxRelease_v2(int device) { return OK; }
int cuCtxCreate_v3(Context **c, void *affinity, int number, unsigned flags, int device) {
    return *c = current = calloc(1, sizeof(Context)), OK;
}
int cuCtxDestroy_v2(Context *c) { return free(c), OK; }
int cuCtxGetCurrent(Context **c) { return *c = current, OK; }
int cuCtxSetCurrent(Context *c) { return current = c, OK; }
int cuCtxSynchronize(void) { return OK; }
int cuCtxEnablePeerAccess(Context *c, unsigned flags) { return OK; }

int cuModuleLoadData(Module **m, const void *image) {
    const char *text = image;
    if (!strstr(text, "\n.version 8.0\n") || !strstr(text, "\n.target sm_")) return 218;
    *m = calloc(1, sizeof(Module));
    (*m)->text = strdup(text);
    return OK;
}
int cuModuleUnload(Module *m) { return free(m->text), free(m), OK; }
int cuModuleGetFunction(Function **f, Module *m, const char *name) {
    char entry[96];
    snprintf(entry, sizeof entry, ".entry %s(", name);
    if (!strstr(m->text, entry)) return NOT_FOUND;
    *f = calloc(1, sizeof(Function));
    snprintf((*f)->name, sizeof(*f)->name, "%s", name);
    return OK;
}
static int shared_of_a_block;
int cuFuncSetAttribute(Function *f, int attribute, int value) {
    if (attribute == 8) shared_of_a_block = value; // the most dynamic shared memory
    return OK;
}
int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, Function *f, int threads,
                                                         size_t shared, unsigned flags) {
    int by_threads = 2048 / threads, by_memory = (int)(233472 / (shared + 1024));
    *n = by_threads < by_memory ? by_threads : by_memory;
    return OK;
}

int cuStreamCreate(Stream **s, unsigned flags) { return *s = calloc(1, sizeof(Stream)), OK; }
int cuStreamDestroy_v2(Stream *s) { return free(s), OK; }
int cuStreamSynchronize(Stream *s) { return OK; }
int cuStreamBeginCapture_v2(Stream *s, int mode) { return s->capturing = 1, s->captured = 0, OK; }
int cuStreamEndCapture(Stream *s, Graph **g) {
    *g = calloc(1, sizeof(Graph));
    (*g)->duration = s->captured;
    return s->capturing = 0, OK;
}
int cuGraphInstantiateWithFlags(Graph **x, Graph *g, unsigned long long flags) {
    *x = calloc(1, sizeof(Graph));
    return **x = *g, OK;
}
int cuGraphUpload(Graph *x, Stream *s) { return OK; }
int cuGraphLaunch(Graph *x, Stream *s) { return busy(s, 3e-6 + x->duration), OK; }
int cuGraphDestroy(Graph *g) { return free(g), OK; }
int cuGraphExecDestroy(Graph *x) { return free(x), OK; }

int cuEventCreate(Event **e, unsigned flags) { return *e = calloc(1, sizeof(Event)), OK; }
int cuEventDestroy_v2(Event *e) { return free(e), OK; }
int cuEventRecord(Event *e, Stream *s) {
    if (!s) s = &null_stream;
    double at = now();
    return e->at = s->free_at > at ? s->free_at : at, OK;
}
int cuStreamWaitEvent(Stream *s, Event *e, unsigned flags) {
    if (!s) s = &null_stream;
    if (s->free_at < e->at) s->free_at = e->at;
    return OK;
}
int cuEventQuery(Event *e) { return now() >= e->at ? OK : NOT_READY; }
int cuEventSynchronize(Event *e) {
    while (now() < e->at) {}
    return OK;
}
int cuEventElapsedTime(float *ms, Event *a, Event *b) {
    return *ms = (float)((b->at - a->at) * 1e3), OK;
}

int cuMemAlloc_v2(uintptr_t *at, size_t bytes) {
    *at = (uintptr_t)malloc(bytes);
    return *at ? keep((void *)*at, bytes) : 2;
}
int cuMemFree_v2(uintptr_t at) { return drop(at); }
int cuMemHostAlloc(void **at, size_t bytes, unsigned flags) {
    *at = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    return *at ? keep(*at, bytes) : 2;
}
int cuMemFreeHost(void *at) { return drop((uintptr_t)at); }
int cuMemsetD8_v2(uintptr_t at, unsigned char value, size_t bytes) {
    return known(at, bytes) ? OK : ILLEGAL_ADDRESS;
}
int cuMemcpyAsync(uintptr_t to, uintptr_t from, size_t bytes, Stream *s) {
    // One end is this device's; pageable memory is whatever the process may touch.
    if (!known(to, bytes) && !known(from, bytes)) return ILLEGAL_ADDRESS;
    volatile char first = *(char *)from, last = *(char *)(from + bytes - 1);
    *(char *)to = first, *(char *)(to + bytes - 1) = last;
    return busy(s, 4e-6 + (double)bytes / 40e9), OK;
}
int cuMemcpy(uintptr_t to, uintptr_t from, size_t bytes) {
    int error = cuMemcpyAsync(to, from, bytes, &null_stream);
    while (!error && now() < null_stream.free_at) {}
    return error;
}
int cuLaunchKernel(Function *f, unsigned x, unsigned y, unsigned z, unsigned tx, unsigned ty,
                   unsigned tz, unsigned shared, Stream *s, void **arguments, void **extra) {
    uintptr_t memory = *(uintptr_t *)arguments[0], out = *(uintptr_t *)arguments[1];
    uint64_t words = *(uint64_t *)arguments[2];
    unsigned steps = *(unsigned *)arguments[3];
    if (!known(memory, words * 4) || !known(out, 16)) return ILLEGAL_ADDRESS;
    if (tx > 1024 || (int)shared > (shared > 49152 ? shared_of_a_block : 49152)) return INVALID;
    double cycles = 1000 + x;
    if (!strcmp(f->name, "spin")) cycles = 4.0 * steps;
    if (!s->capturing) *(uint64_t *)out = (uint64_t)cycles;
    return busy(s, 1e-6 + cycles / CLOCK_HZ), OK;
}
