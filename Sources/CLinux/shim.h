// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <sys/prctl.h>

// Calls of the C library that its Swift overlay leaves out, because they are declared for GNU programs only.

/// Writes everything to disk that waits for the file system of an open file; see syncfs(2).
int syncfs(int descriptor);

/// Makes a pipe with flags for both of its ends; see pipe2(2).
int pipe2(int ends[2], int flags);

/// Makes the calling process get SIGTERM when the process that started it dies; see prctl(2).
static inline int lucid_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGTERM); }
