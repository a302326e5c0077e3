/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fota-wait.h"
#include "daemon/fota-error.h"

static gboolean
fail(GError **error, const char *program, const char *what)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED, "%s %s", program, what);
    return FALSE;
}

/* In a process group of its own, with signals as a program expects them. 0 or an errno. */
static int
spawn(const char *const *argv, const char *const *environment, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    r = posix_spawn(pid, argv[0], &files, &attributes, (char *const *)argv,
                    (char *const *)environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return r;
}

/* FALSE: it has been killed, because @seconds were over or @cancellable says so. */
static gboolean
wait_for_end(pid_t pid, guint seconds, GCancellable *cancellable, int *status, GError **error)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    gboolean ended = FALSE;

    if (end.fd < 0)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED,
                    "the kernel has no pidfd_open(): %s", g_strerror(errno));
    else
        ended =
            fota_wait(&end, 1, fota_deadline_in(seconds), cancellable, error) == FOTA_WAIT_READY;
    /* Under qemu posix_spawn() does not wait for the program: its group may not be there yet. */
    if (!ended && kill(-pid, SIGKILL) < 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    if (end.fd >= 0)
        close(end.fd);
    return ended;
}

gboolean
fota_command_run(const char *const *argv, const char *const *environment, guint seconds,
                 GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *what = NULL;
    int status = 0;
    pid_t pid;
    int r = spawn(argv, environment, &pid);

    if (r != 0) {
        what = g_strdup_printf("cannot be started: %s", g_strerror(r));
        return fail(error, argv[0], what);
    }
    if (!wait_for_end(pid, seconds, cancellable, &status, &local_error)) {
        if (local_error != NULL) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FALSE;
        }
        what = g_strdup_printf("has not ended within %u s and was killed", seconds);
    } else if (WIFSIGNALED(status)) {
        what = g_strdup_printf("was ended by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        what = g_strdup_printf("has ended with status %d", WEXITSTATUS(status));
    }
    return what == NULL || fail(error, argv[0], what);
}
