// SPDX-License-Identifier: MIT
#pragma once

// Calls of the C library that its Swift overlay leaves out, because they are declared for GNU programs only.

/// Writes everything to disk that waits for the file system of an open file; see syncfs(2).
int syncfs(int descriptor);
