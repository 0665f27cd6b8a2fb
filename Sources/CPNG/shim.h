// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<png.h>)
#error "libpng is missing: install the package libpng-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Reading goes through libpng's full interface, because the simplified one applies gamma, rounds
// 16-bit samples and composites alpha. Its errors are long jumps, which Swift cannot call: they end here.

struct lucid_png_source {
    const unsigned char *bytes;
    size_t count;
    size_t position;
    // EXIF data, which the caller frees; NULL where there are none.
    unsigned char *exif;
    size_t exif_count;
    char message[120];
};

static inline void lucid_png_read(png_structp png, png_bytep target, size_t count) {
    struct lucid_png_source *source = (struct lucid_png_source *)png_get_io_ptr(png);
    if (count > source->count - source->position) png_error(png, "the file is truncated");
    memcpy(target, source->bytes + source->position, count);
    source->position += count;
}

static inline void lucid_png_fail(png_structp png, png_const_charp message) {
    struct lucid_png_source *source = (struct lucid_png_source *)png_get_error_ptr(png);
    snprintf(source->message, sizeof source->message, "%s", message);
    png_longjmp(png, 1);
}

static inline void lucid_png_ignore(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

// Keeps the EXIF data of a sound chunk before the pixels, or else behind them.
static inline void lucid_png_keep_exif(struct lucid_png_source *source, png_structp png, png_infop info, png_infop end) {
    png_bytep exif = NULL;
    png_uint_32 count = 0;
    if (!png_get_eXIf_1(png, info, &count, &exif) && !png_get_eXIf_1(png, end, &count, &exif)) return;
    source->exif = (unsigned char *)malloc(count);
    if (!source->exif) png_error(png, "there is no memory for its EXIF data");
    memcpy(source->exif, exif, count);
    source->exif_count = count;
}

// Decodes to 8-bit RGB rows, of width * 3 bytes each: samples as stored, 16-bit ones by their high
// byte, alpha dropped. Returns 0, or -1 with a message in the source.
static inline int lucid_png_decode(struct lucid_png_source *source, unsigned width, unsigned height,
                                   unsigned char *pixels, png_bytep *rows) {
    png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, source, lucid_png_fail, lucid_png_ignore);
    if (!png) return -1;
    png_infop info = png_create_info_struct(png);
    png_infop end = png_create_info_struct(png);
    if (!info || !end || setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, &end);
        return -1;
    }
    png_set_read_fn(png, source, lucid_png_read);
    png_set_user_limits(png, width, height);
    png_set_chunk_malloc_max(png, 8u << 20);
    png_read_info(png, info);
    if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height)
        png_error(png, "the header changed");
    png_set_strip_16(png);
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "its rows have another length");
    for (unsigned y = 0; y < height; y++) rows[y] = pixels + (size_t)y * width * 3;
    png_read_image(png, rows);
    png_read_end(png, end);
    lucid_png_keep_exif(source, png, info, end);
    png_destroy_read_struct(&png, &info, &end);
    return 0;
}
