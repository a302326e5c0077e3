/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-bus.h"

G_BEGIN_DECLS

/**
 * What a module does, for people. On a terminal each state has one line, redrawn in place while it
 * lasts; otherwise each change is one plain line with its time.
 */
typedef struct {
    gboolean many; /**< more than one module: say which */
    char *line;    /**< what was shown last, without bytes and time: state and so on */
    char *open;    /**< terminal: module and state of the line with the cursor */
} CtlProgress;

void ctl_progress_clear(CtlProgress *progress);

/** Shows @module, unless nothing has changed. */
void ctl_progress_show(CtlProgress *progress, CtlModule *module);

/** Prints a separate line. */
void ctl_progress_say(CtlProgress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** TRUE while an update works on the module, so that its duration is shown. */
gboolean ctl_progress_is_running(const CtlModule *module);

G_END_DECLS
