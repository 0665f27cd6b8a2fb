// SPDX-License-Identifier: MIT
#pragma once

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Calls of the C library that its Swift overlay leaves out, because they are declared for GNU programs only.

/// Writes everything to disk that waits for the file system of an open file; see syncfs(2).
int syncfs(int descriptor);

/// Makes a pipe with flags for both of its ends; see pipe2(2).
int pipe2(int ends[2], int flags);

/// Makes the calling process get SIGTERM when the process that started it dies; see prctl(2).
static inline int lucid_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGTERM); }

/// A descriptor that becomes readable when a process ends, closed by exec, or -1; see pidfd_open(2).
static inline int lucid_open_process(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/// How many processors the calling thread may run on, or 0 where the system does not say; see sched_getaffinity(2).
static inline int lucid_allowed_processors(void) {
    unsigned long mask[1024] = {0};
    if (syscall(SYS_sched_getaffinity, 0, sizeof mask, mask) < 0) return 0;
    int count = 0;
    for (unsigned long i = 0; i < sizeof mask / sizeof *mask; i++) count += __builtin_popcountl(mask[i]);
    return count;
}

/// Makes large blocks go back to the system when they are freed, and bounds the heaps that threads have; see mallopt(3).
static inline void lucid_bound_heap(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, 8);
}
