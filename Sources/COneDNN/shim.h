// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<oneapi/dnnl/dnnl.h>)
#error "oneDNN is missing: install the package libdnnl-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <oneapi/dnnl/dnnl.h>

// Casting macros are not imported into Swift.
static inline void *lucid_dnnl_memory_none(void) { return DNNL_MEMORY_NONE; }

// From OpenMP's runtime, whose header belongs to one compiler: the threads of the parallel regions that the calling
// thread starts.
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);
