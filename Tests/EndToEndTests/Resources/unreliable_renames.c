// SPDX-License-Identifier: MIT
//
// Stands between a program and the C library: some renames and links below a folder are done and reported as failed, as
// a network file system does whose reply was lost. LUCID_UNRELIABLE names the folder, LUCID_UNRELIABLE_PERCENT the
// share, and LUCID_UNRELIABLE_COUNT a file that gets a byte for each.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_unlucky(const char *path) {
    static __thread unsigned state;
    const char *folder = getenv("LUCID_UNRELIABLE");
    const char *percent = getenv("LUCID_UNRELIABLE_PERCENT");
    if (folder == NULL || percent == NULL || strncmp(path, folder, strlen(folder)) != 0) return 0;
    if (state == 0) state = (unsigned)getpid() * 2654435761u ^ (unsigned)time(NULL);
    return rand_r(&state) % 100 < (unsigned)atoi(percent);
}

static void count(void) {
    const char *file = getenv("LUCID_UNRELIABLE_COUNT");
    int descriptor = file == NULL ? -1 : open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (descriptor < 0) return;
    if (write(descriptor, ".", 1) != 1) abort();
    close(descriptor);
}

static int reported(int status, const char *path) {
    static const int errors[] = {ENOENT, EIO, ETIMEDOUT};
    if (status != 0 || !is_unlucky(path)) return status;
    count();
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    errno = errors[now.tv_nsec % 3];
    return -1;
}

int rename(const char *source, const char *destination) {
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    return reported(real(source, destination), destination);
}

int link(const char *source, const char *destination) {
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link");
    return reported(real(source, destination), destination);
}
