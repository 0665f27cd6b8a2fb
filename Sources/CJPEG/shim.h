// SPDX-License-Identifier: MIT
#pragma once

#include <stddef.h>
#include <stdio.h>
#if !__has_include(<jpeglib.h>)
#error "libjpeg is missing: install the package libjpeg62-turbo-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// Reading goes through libjpeg's own interface, because TurboJPEG's tells a warning by its words alone, and cannot say which
// scans of a progressive picture were there. Its errors are long jumps, which Swift cannot call: they end here.

// A picture of more scans takes time without end; encoders write some ten.
#define LUCID_JPEG_MOST_SCANS 500

// With 512 bytes or more at hand, the library's decoder takes a shorter way, on which codes that do not exist pass for zeros
// without a warning.
#define LUCID_JPEG_PART 256

// After its last code, a sound scan or part of a scan has no whole byte; some encoders leave one, or 255 and the zero that
// belongs to it. More are codes that were passed over, because a changed one before them stands for another picture.
#define LUCID_JPEG_MOST_STRAY 2

struct lucid_jpeg {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr source;
    jmp_buf escape;
    const unsigned char *bytes;
    size_t count;
    // How many bytes the library has been given.
    size_t given;
    // Which components have come in a scan.
    unsigned char has_come[MAX_COMPONENTS];
    // How many bytes of the file were left when all pixels were there.
    size_t unread;
    // Why it failed, the first sign that pixels are lost, and the first of other faults; empty where there is none.
    char failure[JMSG_LENGTH_MAX];
    char loss[JMSG_LENGTH_MAX];
    char remark[JMSG_LENGTH_MAX];
};

static inline void lucid_jpeg_fail(j_common_ptr info) {
    struct lucid_jpeg *self = (struct lucid_jpeg *)info->client_data;
    info->err->format_message(info, self->failure);
    longjmp(self->escape, 1);
}

// Bytes before a marker: garbage before the scans and behind the last one is common, and no part of the picture.
static inline int lucid_jpeg_is_stray(j_decompress_ptr info, int count, int marker) {
    if (count <= LUCID_JPEG_MOST_STRAY || info->input_scan_number == 0 || marker == JPEG_EOI) return 1;
    int is_restart = marker >= JPEG_RST0 && marker <= JPEG_RST0 + 7;
    return !is_restart && !jpeg_has_multiple_scans(info);
}

// Faults of the file that leave every coefficient what it was; what a newer library may add counts as a loss.
static inline int lucid_jpeg_is_harmless(j_common_ptr info) {
    const int *numbers = info->err->msg_parm.i;
    switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA: return lucid_jpeg_is_stray((j_decompress_ptr)info, numbers[0], numbers[1]);
    case JWRN_ADOBE_XFORM: case JWRN_BOGUS_ICC: case JWRN_JFIF_MAJOR: case JWRN_JPEG_EOF: case JWRN_NOT_SEQUENTIAL: return 1;
    default: return 0;
    }
}

static inline void lucid_jpeg_note(j_common_ptr info, int level) {
    if (level >= 0) return;
    struct lucid_jpeg *self = (struct lucid_jpeg *)info->client_data;
    char *text = lucid_jpeg_is_harmless(info) ? self->remark : self->loss;
    info->err->num_warnings++;
    if (!*text) info->err->format_message(info, text);
}

static inline void lucid_jpeg_ignore(j_common_ptr info) { (void)info; }

// Called at each row of blocks that is read.
static inline void lucid_jpeg_watch(j_common_ptr common) {
    j_decompress_ptr info = (j_decompress_ptr)common;
    struct lucid_jpeg *self = (struct lucid_jpeg *)info->client_data;
    if (info->input_scan_number > LUCID_JPEG_MOST_SCANS) {
        snprintf(self->failure, sizeof self->failure, "it has more than %d scans", LUCID_JPEG_MOST_SCANS);
        longjmp(self->escape, 1);
    }
    for (int index = 0; index < info->comps_in_scan; index++)
        self->has_come[info->cur_comp_info[index]->component_index] = 1;
}

static inline void lucid_jpeg_stay(j_decompress_ptr info) { (void)info; }

// Gives the next bytes; behind the last one, an end marker.
static inline boolean lucid_jpeg_fill(j_decompress_ptr info) {
    static const JOCTET end[] = {0xFF, JPEG_EOI};
    struct lucid_jpeg *self = (struct lucid_jpeg *)info->client_data;
    size_t left = self->count - self->given;
    if (left == 0) WARNMS(info, JWRN_JPEG_EOF);
    self->source.next_input_byte = left == 0 ? end : self->bytes + self->given;
    self->source.bytes_in_buffer = left == 0 ? sizeof end : left < LUCID_JPEG_PART ? left : LUCID_JPEG_PART;
    if (left > 0) self->given += self->source.bytes_in_buffer;
    return TRUE;
}

static inline void lucid_jpeg_skip(j_decompress_ptr info, long count) {
    struct lucid_jpeg *self = (struct lucid_jpeg *)info->client_data;
    if (count <= 0) return;
    size_t skipped = (size_t)count, here = self->source.bytes_in_buffer, left = self->count - self->given;
    size_t now = skipped < here ? skipped : here;
    self->source.next_input_byte += now;
    self->source.bytes_in_buffer -= now;
    self->given += skipped - now < left ? skipped - now : left;
}

static inline void lucid_jpeg_free(struct lucid_jpeg *self) {
    jpeg_destroy_decompress(&self->info);
    free(self);
}

// Returns NULL where there is no memory.
static inline struct lucid_jpeg *lucid_jpeg_make(void) {
    struct lucid_jpeg *self = (struct lucid_jpeg *)calloc(1, sizeof *self);
    if (!self) return NULL;
    self->info.err = jpeg_std_error(&self->errors);
    self->errors.error_exit = lucid_jpeg_fail;
    self->errors.emit_message = lucid_jpeg_note;
    self->errors.output_message = lucid_jpeg_ignore;
    self->info.client_data = self;
    if (setjmp(self->escape)) {
        lucid_jpeg_free(self);
        return NULL;
    }
    jpeg_create_decompress(&self->info);
    // Creation clears all but the handler of errors and the client's data.
    self->progress.progress_monitor = lucid_jpeg_watch;
    self->info.progress = &self->progress;
    self->source.init_source = self->source.term_source = lucid_jpeg_stay;
    self->source.fill_input_buffer = lucid_jpeg_fill;
    self->source.skip_input_data = lucid_jpeg_skip;
    self->source.resync_to_restart = jpeg_resync_to_restart;
    self->info.src = &self->source;
    jpeg_save_markers(&self->info, JPEG_APP0 + 1, 0xFFFF);
    return self;
}

// Reads up to the first scan. The bytes must stay in place until the pixels are read. Returns 0, or -1 with a failure.
static inline int lucid_jpeg_read_header(struct lucid_jpeg *self, const unsigned char *bytes, size_t count) {
    memset(self->has_come, 0, sizeof self->has_come);
    self->unread = 0;
    self->failure[0] = self->loss[0] = self->remark[0] = 0;
    if (setjmp(self->escape)) return -1;
    jpeg_abort_decompress(&self->info);
    self->bytes = bytes;
    self->count = count;
    self->given = self->source.bytes_in_buffer = 0;
    jpeg_read_header(&self->info, TRUE);
    return 0;
}

// Sequential pictures may come as a scan for each component; progressive ones as scans of some coefficients or bits of them.
static inline void lucid_jpeg_check_scans(struct lucid_jpeg *self) {
    j_decompress_ptr info = &self->info;
    if (*self->loss || !jpeg_has_multiple_scans(info)) return;
    for (int component = 0; component < info->num_components; component++) {
        int is_whole = self->has_come[component];
        for (int index = 0; info->progressive_mode && index < DCTSIZE2; index++)
            is_whole &= info->coef_bits[component][index] == 0;
        if (!is_whole) {
            snprintf(self->loss, sizeof self->loss, "its scans do not hold all coefficients: the file is cut, or its encoder left them out; re-encode it");
            return;
        }
    }
}

// Reads rows of width * samples bytes each: red, green and blue, or four inks. Returns 0, or -1 with a failure.
static inline int lucid_jpeg_read_pixels(struct lucid_jpeg *self, int samples, unsigned char *pixels) {
    j_decompress_ptr info = &self->info;
    volatile int is_complete = 0;
    if (setjmp(self->escape)) {
        if (!is_complete) return -1;
        // What comes behind the pixels does not matter to them.
        if (!*self->remark) memcpy(self->remark, self->failure, sizeof self->remark);
        return 0;
    }
    info->out_color_space = samples == 4 ? JCS_CMYK : JCS_RGB;
    info->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(info);
    lucid_jpeg_check_scans(self);
    size_t length = (size_t)info->output_width * (size_t)samples;
    if (info->output_components != samples || info->output_width != info->image_width) {
        snprintf(self->failure, sizeof self->failure, "its rows have another length");
        return -1;
    }
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = pixels + info->output_scanline * length;
        jpeg_read_scanlines(info, &row, 1);
    }
    self->unread = self->count - self->given + self->source.bytes_in_buffer;
    is_complete = 1;
    jpeg_finish_decompress(info);
    return 0;
}
