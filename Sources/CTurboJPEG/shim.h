// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<turbojpeg.h>)
#error "libturbojpeg is missing: install the package libturbojpeg0-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <turbojpeg.h>
