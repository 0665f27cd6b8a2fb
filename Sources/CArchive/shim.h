// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<archive.h>)
#error "libarchive is missing: install the package libarchive-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <archive.h>
#include <archive_entry.h>
