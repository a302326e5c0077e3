/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fetch/fetch-session.h"
#include "fetch/fetch-tls.h"

/* Keeps GIO from loading anything of the system: settings, proxies, file systems of users. */
static void
isolate_gio(void)
{
    g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
    g_setenv("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
    g_setenv("GIO_USE_VFS", "local", TRUE);
}

/* Text that a library prints must not get into the answers. */
static int
take_output(void)
{
    int out = dup(STDOUT_FILENO);

    if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(EXIT_FAILURE);
    return out;
}

int
main(int argc, char **argv)
{
    if (argc > 1) {
        fputs("fotad-fetch speaks with fotad on its standard input; see fotad-fetch(8)\n", stderr);
        return 2;
    }
    isolate_gio();
    fota_fetch_tls_init();
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    fota_fetch_session_serve(STDIN_FILENO, take_output());
    return EXIT_SUCCESS;
}
