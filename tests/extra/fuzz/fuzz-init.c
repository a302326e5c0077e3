/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/extra/fuzz/fuzz.h"

#include <signal.h>
#include <stdlib.h>

/* GLib stops at what is fatal with a trap, for which libFuzzer would not keep the input. */
static void
on_trap(int signal_number)
{
    abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
    signal(SIGTRAP, on_trap);
    return 0;
}
