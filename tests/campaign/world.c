/* A disk that is full from some write on, and a clock that jumps: loaded before the C library.

   FULL_FOLDER, FULL_AFTER: in and below this folder, everything after so many calls that write fails with ENOSPC.
   CLOCK_JUMPS: the time of day is wrong by up to that many seconds, otherwise at every call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int full(const char *path) {
    const char *folder = getenv("FULL_FOLDER"), *after = getenv("FULL_AFTER");
    if (!folder || !after || !path || strncmp(path, folder, strlen(folder))) return 0;
    if (atomic_fetch_add(&calls, 1) < atol(after)) return 0;
    errno = ENOSPC;
    return 1;
}

static int full_here(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return full(path);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    return full_here(descriptor) ? -1 : NEXT(write)(descriptor, bytes, count);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t at) {
    return full_here(descriptor) ? -1 : NEXT(pwrite64)(descriptor, bytes, count, at);
}

int fsync(int descriptor) { return full_here(descriptor) ? -1 : NEXT(fsync)(descriptor); }

int mkdir(const char *path, mode_t mode) { return full(path) ? -1 : NEXT(mkdir)(path, mode); }

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return (flags & O_CREAT) && full(path) ? -1 : NEXT(open64)(path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = NEXT(clock_gettime)(clock, now);
    const char *most = getenv("CLOCK_JUMPS");
    if (!status && most && clock == CLOCK_REALTIME) {
        unsigned long drawn = (unsigned long)atomic_fetch_add(&calls, 1) * 2654435761UL;
        now->tv_sec += (long)(drawn % (2UL * strtoul(most, 0, 10) + 1)) - atol(most);
    }
    return status;
}
