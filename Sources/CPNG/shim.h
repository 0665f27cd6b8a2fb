// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<png.h>)
#error "libpng is missing: install the package libpng-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <png.h>
