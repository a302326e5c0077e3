/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fota-wait.h"
#include "plugins/fota-plugin.h"
#include "test-at-peer.h"

static void
assert_refused(FotaAtLine *line, const char *command, FotaModuleError code, int number)
{
    g_autoptr(GError) error = NULL;
    int cme = 0;
    g_auto(GStrv) answer = fota_at_line_command(line, command, 1, NULL, &cme, &error);

    g_assert_error(error, FOTA_MODULE_ERROR, (int)code);
    g_assert_null(answer);
    g_assert_cmpint(cme, ==, number);
}
