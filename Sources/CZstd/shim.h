// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<zstd.h>)
#error "libzstd is missing: install the package libzstd-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <zstd.h>
