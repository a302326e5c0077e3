/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl-bus.h"
#include "ctl/ctl-format.h"

/* Waits until ^C, or until fotad, and with it the inhibition, is gone. */
static int
hold_inhibition(Ctl *ctl, int lock, GError **error)
{
    struct pollfd fds[2] = {{.fd = lock}, {.events = POLLIN}};
    sigset_t signals;
    int r;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    fds[1].fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (ctl->json)
        ctl_print_json(g_variant_new_parsed("{'inhibited': <true>}"));
    else
        puts("Updates are inhibited until this ends (^C).");
    fflush(stdout);
    do
        r = poll(fds, G_N_ELEMENTS(fds), -1);
    while (r < 0 && errno == EINTR);
    close(fds[1].fd);
    if (fds[1].revents != 0)
        return CTL_OK;
    ctl_error(error, CTL_NO_DAEMON, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
              "fotad has exited: updates are no longer inhibited");
    return CTL_FAILED;
}

/* The exit status is the command's, or 128 + the signal that ended it, as in a shell. */
static int
run_command(char **command, GError **error)
{
    g_autoptr(GError) spawn_error = NULL;
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        (const char *const *)command, G_SUBPROCESS_FLAGS_STDIN_INHERIT, &spawn_error);

    if (process == NULL) {
        ctl_error(error, CTL_FAILED, "fotactl.Command", "%s", spawn_error->message);
        return CTL_FAILED;
    }
    signal(SIGINT, SIG_IGN); /* ^C is for the command; the inhibition ends with it */
    g_subprocess_wait(process, NULL, NULL);
    if (g_subprocess_get_if_signaled(process))
        return 128 + g_subprocess_get_term_sig(process);
    return g_subprocess_get_exit_status(process);
}

int
ctl_inhibit(Ctl *ctl, GError **error)
{
    g_autoptr(sd_bus_message) reply = NULL;
    int lock = -1; /* closed with the message, at the end */

    if (!ctl_bus_call(ctl, CTL_BUS_PATH, CTL_BUS_MANAGER, "Inhibit", &reply, error, "ss",
                      ctl->who != NULL ? ctl->who : g_get_user_name(),
                      ctl->why != NULL ? ctl->why : "fotactl inhibit"))
        return CTL_FAILED;
    sd_bus_message_read(reply, "h", &lock);
    return ctl->arguments[0] != NULL ? run_command(ctl->arguments, error)
                                     : hold_inhibition(ctl, lock, error);
}
