// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<zip.h>)
#error "libzip is missing: install the package libzip-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <zip.h>
