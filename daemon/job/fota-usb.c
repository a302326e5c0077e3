/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-usb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fota-wait.h"
#include "daemon/fota-error.h"

/* So long it stays off: capacitors must be empty. */
#define OFF_SECONDS 5

char *
fota_usb_find_port(const char *device)
{
    g_autofree char *link = g_build_filename(device, "port", NULL);
    char *path = realpath(link, NULL);
    char *port = g_strdup(path);

    free(path);
    return port;
}

static gboolean
set(const char *file, const char *value, GError **error)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    gboolean done = fd >= 0 && write(fd, value, strlen(value)) == (gssize)strlen(value);
    int cause = errno;

    if (fd >= 0)
        close(fd);
    if (done)
        return TRUE;
    if (cause == ENOENT)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED,
                    "this kernel, or bus, has no %s", file);
    else
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED, "%s cannot be written: %s%s",
                    file, g_strerror(cause),
                    cause == EACCES || cause == EPERM || cause == EROFS
                        ? "; first-aid.md says which udev rule and drop-in allow it"
                        : "");
    return FALSE;
}

/* Even when cancelled in between, what was taken is given back. */
static gboolean
switch_off_and_on(const char *file, const char *off, const char *on, GCancellable *cancellable,
                  GError **error)
{
    g_autoptr(GError) interruption = NULL;
    struct pollfd nothing;

    if (!set(file, off, error))
        return FALSE;
    fota_wait(&nothing, 0, fota_deadline_in(OFF_SECONDS), cancellable, &interruption);
    if (!set(file, on, error))
        return FALSE;
    if (interruption == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&interruption));
    return FALSE;
}

gboolean
fota_usb_authorize(const char *device, GCancellable *cancellable, GError **error)
{
    g_autofree char *file = g_build_filename(device, "authorized", NULL);

    return switch_off_and_on(file, "0", "1", cancellable, error);
}

gboolean
fota_usb_cycle_power(const char *port, GCancellable *cancellable, GError **error)
{
    g_autofree char *file = g_build_filename(port, "disable", NULL);

    return switch_off_and_on(file, "1", "0", cancellable, error);
}
