/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Runs a program of the operator's and waits for its end, in an update's thread. No shell is
 * involved: @argv is what the program gets, its path the first. Its output goes where fotad's goes.
 *
 * @environment: what it finds there, and nothing else: NAME=value
 *
 * TRUE when it has ended with 0. After @seconds, or when cancelled, it is killed with all that it
 * has started, unless that has left its process group.
 */
gboolean fota_command_run(const char *const *argv, const char *const *environment, guint seconds,
                          GCancellable *cancellable, GError **error);

G_END_DECLS
