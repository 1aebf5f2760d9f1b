// A stand-in for NVIDIA's libnvidia-ml.so.1: one GPU, and what a test says of it.
// FAKE_PROCESS is the number of a process on it, FAKE_MIG whether it is cut into instances.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, NOT_FOUND = 6 };
typedef struct { unsigned pid; unsigned long long memory; unsigned instance, compute; } Process;

int nvmlInit_v2(void) { return OK; }
int nvmlShutdown(void) { return OK; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    return snprintf(text, length, "580.0"), OK;
}
int nvmlSystemGetProcessName(unsigned pid, char *text, unsigned length) {
    return snprintf(text, length, "train.py"), OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    return *device = (void *)1, index == 0 ? OK : NOT_FOUND;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char *address, void **device) {
    return *device = (void *)1, strcmp(address, "00000000:1b:00.0") ? NOT_FOUND : OK;
}
int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *later) {
    return *now = *later = getenv("FAKE_MIG") != NULL, OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, Process *all) {
    const char *pid = getenv("FAKE_PROCESS");
    unsigned room = *count;
    *count = pid ? 1 : 0;
    if (!pid) return OK;
    if (!room) return 7; // too little room: this is how many there are
    memset(all, 0, sizeof *all);
    return all->pid = (unsigned)atoi(pid), OK;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *count, Process *all) {
    return *count = 0, OK;
}
int nvmlDeviceGetMaxPcieLinkGeneration(void *device, unsigned *value) { return *value = 5, OK; }
int nvmlDeviceGetMaxPcieLinkWidth(void *device, unsigned *value) { return *value = 16, OK; }
int nvmlDeviceGetClockInfo(void *device, int clock, unsigned *mhz) { return *mhz = 1400, OK; }
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw) { return *mw = 121500, OK; }
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *c) { return *c = 41, OK; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *held) {
    return *held = 0, OK;
}
