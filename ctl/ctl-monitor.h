/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

G_BEGIN_DECLS

/** Shows what happens, as it happens: one module, or all. */
typedef struct _CtlMonitor CtlMonitor;

/**
 * Listens from now on. @path: the module to show, NULL = all. @until_finished: the monitor ends
 * with the next UpdateFinished, and asks for another approval if fotad does meanwhile.
 */
CtlMonitor *ctl_monitor_new(Ctl *ctl, const char *path, gboolean until_finished, GError **error);
void ctl_monitor_free(CtlMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlMonitor, ctl_monitor_free)

/** Shows until the end; the exit status is that of the finished update. */
int ctl_monitor_run(CtlMonitor *monitor, GError **error);

G_END_DECLS
