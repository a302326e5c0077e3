/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

G_BEGIN_DECLS

/** Shows what happens, as it happens: one module, or all. */
typedef struct _CtlMonitor CtlMonitor;

/** Listens from now on. @path: the module to show, NULL = all. */
CtlMonitor *ctl_monitor_new(Ctl *ctl, const char *path, GError **error);
/**
 * Makes the monitor of one module end with the update of @offer, which was approved, or with the
 * rehearsal that was asked for (NULL). Meanwhile it answers the gate that is left, and no other
 * offer.
 */
void ctl_monitor_follow(CtlMonitor *monitor, GVariant *offer);
void ctl_monitor_free(CtlMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlMonitor, ctl_monitor_free)

/** Shows until the end; the exit status is that of the finished update. */
int ctl_monitor_run(CtlMonitor *monitor, GError **error);

G_END_DECLS
