// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<cairo.h>)
#error "cairo is missing: install the package libcairo2-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <cairo.h>
