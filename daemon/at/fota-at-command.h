/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** The longest command line; modules refuse longer ones (Telit AT guide, page 21). */
#define FOTA_AT_COMMAND_MAX 400

/** FALSE with FOTA_MODULE_ERROR_BAD_ARGUMENT unless @command is `AT` plus printable ASCII. */
gboolean fota_at_command_check(const char *command, GError **error);

/** The command without its parameters, for messages: they may hold a password. */
char *fota_at_command_name(const char *command);

G_END_DECLS
