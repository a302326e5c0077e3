/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fota-wait.h"

/* Waiting with limit and cancellable, also by a process that has no descriptor left. */

static struct rlimit limit_before;

static void
take_descriptors(void)
{
    struct rlimit none = {0, 0};
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit_before), ==, 0);
    none.rlim_max = limit_before.rlim_max;
    none.rlim_cur = (rlim_t)next;
    close(next);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    g_assert_cmpint(open("/dev/null", O_RDONLY | O_CLOEXEC), ==, -1);
}

static void
give_descriptors(void)
{
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit_before), ==, 0);
}

static gpointer
cancel_soon(gpointer cancellable)
{
    g_usleep(20000);
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void
check_waits(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    struct pollfd nothing = {.fd = -1};
    GThread *thread;

    g_assert_cmpint(fota_wait(&nothing, 0, fota_deadline_in_ms(20), cancellable, &error), ==,
                    FOTA_WAIT_TIMEOUT);
    g_assert_no_error(error);
    thread = g_thread_new("cancel", cancel_soon, cancellable);
    g_assert_cmpint(fota_wait(&nothing, 0, fota_deadline_in(3600), cancellable, &error), ==,
                    FOTA_WAIT_FAILED);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_thread_join(thread);
}

static void
test_limits(void)
{
    check_waits();
}

static void
test_no_descriptors(void)
{
    take_descriptors();
    check_waits();
    give_descriptors();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wait/limits", test_limits);
    g_test_add_func("/wait/no-descriptors", test_no_descriptors);
    return g_test_run();
}
