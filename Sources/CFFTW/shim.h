// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<fftw3.h>)
#error "FFTW is missing: install the package libfftw3-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <fftw3.h>
