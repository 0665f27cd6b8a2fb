// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<cblas.h>)
#error "OpenBLAS is missing: install the package libopenblas-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <cblas.h>
