// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<oneapi/dnnl/dnnl.h>)
#error "oneDNN is missing: install the package libdnnl-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <oneapi/dnnl/dnnl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Casting macros are not imported into Swift.
static inline void *lucid_dnnl_memory_none(void) { return DNNL_MEMORY_NONE; }

// From OpenMP's runtime, whose header belongs to one compiler: the threads of the parallel regions that the calling
// thread starts.
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);
extern int omp_get_num_places(void);
extern int omp_get_place_num_procs(int place);
extern void omp_get_place_proc_ids(int place, int *processors);

enum { lucid_most_processors = 65536 };

// Lets the calling thread run on the processors of all of OpenMP's places; on those that it may run on where there are
// none. See sched_setaffinity(2).
static inline void lucid_unbind_thread(void) {
    static const unsigned long bits = 8 * sizeof(unsigned long);
    unsigned long mask[lucid_most_processors / (8 * sizeof(unsigned long))] = {0};
    int processors[4096];
    int count = 0;
    for (int place = 0; place < omp_get_num_places(); place++) {
        int size = omp_get_place_num_procs(place);
        if (size > (int)(sizeof processors / sizeof *processors)) return;
        omp_get_place_proc_ids(place, processors);
        for (int i = 0; i < size; i++) {
            if (processors[i] < 0 || processors[i] >= lucid_most_processors) return;
            mask[processors[i] / bits] |= 1UL << (processors[i] % bits);
            count++;
        }
    }
    if (count > 0) syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
}
