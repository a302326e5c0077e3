/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * What libFuzzer calls with each input. Returns: 0. A finding is a crash, a sanitizer's report, a
 * critical message of GLib, or a broken promise (g_assert).
 */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/** Called once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
