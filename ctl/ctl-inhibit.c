/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl-bus.h"
#include "ctl/ctl-format.h"

#define AGAIN_MS 1000 /* while fotad is away */

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

/* While a command runs. */
typedef struct {
    Ctl *ctl;
    sd_bus_message *reply; /* owns the descriptor; NULL = fotad is away */
    GMainLoop *loop;
} Inhibition;

static sd_bus_message *
take_inhibition(Ctl *ctl, GError **error)
{
    sd_bus_message *reply = NULL;

    ctl_bus_call(ctl, CTL_BUS_PATH, CTL_BUS_MANAGER, "Inhibit", &reply, error, "ss",
                 ctl->who != NULL ? ctl->who : g_get_user_name(),
                 ctl->why != NULL ? ctl->why : "fotactl inhibit");
    return reply;
}

static int
get_lock(sd_bus_message *reply)
{
    int lock = -1;

    sd_bus_message_rewind(reply, TRUE);
    sd_bus_message_read(reply, "h", &lock);
    return lock;
}

static void watch_fotad(Inhibition *inhibition);

static gboolean
take_again(gpointer user_data)
{
    Inhibition *inhibition = user_data;
    Ctl *ctl = inhibition->ctl;

    /* The connection has ended if the bus has, and comes back no more. */
    if (ctl->bus == NULL || sd_bus_is_open(ctl->bus) <= 0) {
        ctl->bus = sd_bus_flush_close_unref(ctl->bus);
        if (!ctl_bus_open(ctl, NULL))
            return G_SOURCE_CONTINUE;
    }
    inhibition->reply = take_inhibition(ctl, NULL);
    if (inhibition->reply == NULL)
        return G_SOURCE_CONTINUE;
    fprintf(stderr, "fotactl: updates are inhibited again\n");
    watch_fotad(inhibition);
    return G_SOURCE_REMOVE;
}

/* fotad, and with it the inhibition, is gone; it is taken again from the fotad that comes next. */
static gboolean
inhibition_lost(gint lock, GIOCondition condition, gpointer user_data)
{
    Inhibition *inhibition = user_data;

    fprintf(stderr, "fotactl: fotad has exited: updates are not inhibited until it runs again\n");
    g_clear_pointer(&inhibition->reply, sd_bus_message_unref);
    inhibition->ctl->no_start = TRUE; /* whoever has stopped it wants that */
    g_timeout_add(AGAIN_MS, take_again, inhibition);
    return G_SOURCE_REMOVE;
}

static void
watch_fotad(Inhibition *inhibition)
{
    g_unix_fd_add(get_lock(inhibition->reply), G_IO_ERR | G_IO_HUP, inhibition_lost, inhibition);
}

static void
command_ended(GObject *process, GAsyncResult *result, gpointer user_data)
{
    Inhibition *inhibition = user_data;

    g_subprocess_wait_finish(G_SUBPROCESS(process), result, NULL);
    g_main_loop_quit(inhibition->loop);
}

/* The exit status is the command's, or 128 + the signal that ended it, as in a shell. Takes @reply.
 */
static int
run_command(Ctl *ctl, sd_bus_message *reply, GError **error)
{
    g_autoptr(GError) spawn_error = NULL;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        (const char *const *)ctl->arguments, G_SUBPROCESS_FLAGS_STDIN_INHERIT, &spawn_error);
    Inhibition inhibition = {.ctl = ctl, .reply = reply, .loop = loop};

    if (process == NULL) {
        ctl_error(error, CTL_FAILED, "fotactl.Command", "%s", spawn_error->message);
        sd_bus_message_unref(reply);
        return CTL_FAILED;
    }
    signal(SIGINT, SIG_IGN); /* ^C is for the command; the inhibition ends with it */
    watch_fotad(&inhibition);
    g_subprocess_wait_async(process, NULL, command_ended, &inhibition);
    g_main_loop_run(loop);
    g_clear_pointer(&inhibition.reply, sd_bus_message_unref);
    if (g_subprocess_get_if_signaled(process))
        return 128 + g_subprocess_get_term_sig(process);
    return g_subprocess_get_exit_status(process);
}

int
ctl_inhibit(Ctl *ctl, GError **error)
{
    g_autoptr(sd_bus_message) reply = take_inhibition(ctl, error);

    if (reply == NULL)
        return CTL_FAILED;
    return ctl->arguments[0] != NULL ? run_command(ctl, g_steal_pointer(&reply), error)
                                     : hold_inhibition(ctl, get_lock(reply), error);
}
