/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/unit/fake-session.h"

G_BEGIN_DECLS

/**
 * The module's side of raw data, for the tests of methods that are fed. The session's own functions
 * for them are the real ones; the channel below them answers from the session's script: the command
 * with its prompt, FAKE_BYTES with what the module sends, FAKE_BYTES with the lines of its answer.
 */
#define FAKE_BYTES "bytes"

/** From now on, data of @session. */
void fake_data_begin(FotaSession *session);
/** What was written since; the caller frees it. */
GBytes *fake_data_end(void);

/** Bytes of the longest write, and the seconds that had passed before the first. */
gsize fake_data_get_block(void);
guint fake_data_get_start(void);

/** The silence before the `+++` that has ended the last data, seconds. */
guint fake_data_get_guard(void);

G_END_DECLS
