/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-inhibitions.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include "daemon/fota-error.h"

/* Of one user, so that nobody can leave the others none. */
#define MAX_INHIBITIONS 32

struct _FotaInhibitions {
    void (*changed)(gpointer user_data);
    gpointer user_data;
    GPtrArray *held; /* Inhibition */
};

typedef struct {
    FotaInhibitions *all;
    uid_t uid;
    char *who;
    guint watch;
    int fd;
} Inhibition;

static void
inhibition_free(gpointer data)
{
    Inhibition *inhibition = data;

    g_source_remove(inhibition->watch);
    close(inhibition->fd);
    g_free(inhibition->who);
    g_free(inhibition);
}

FotaInhibitions *
fota_inhibitions_new(void (*changed)(gpointer user_data), gpointer user_data)
{
    FotaInhibitions *inhibitions = g_new0(FotaInhibitions, 1);

    inhibitions->changed = changed;
    inhibitions->user_data = user_data;
    inhibitions->held = g_ptr_array_new_with_free_func(inhibition_free);
    return inhibitions;
}

void
fota_inhibitions_free(FotaInhibitions *inhibitions)
{
    g_ptr_array_unref(inhibitions->held);
    g_free(inhibitions);
}

static guint
count_of_user(FotaInhibitions *inhibitions, uid_t uid)
{
    guint n = 0;

    for (guint i = 0; i < inhibitions->held->len; i++)
        n += ((const Inhibition *)inhibitions->held->pdata[i])->uid == uid;
    return n;
}

/* The last copy of the write end is closed, by the holder or by its death. */
static gboolean
inhibition_ended(int fd, GIOCondition condition, gpointer user_data)
{
    Inhibition *inhibition = user_data;
    FotaInhibitions *all = inhibition->all;

    g_message("%s no longer inhibits updates", inhibition->who);
    g_ptr_array_remove(all->held, inhibition);
    all->changed(all->user_data);
    return G_SOURCE_REMOVE;
}

int
fota_inhibitions_take(FotaInhibitions *inhibitions, uid_t uid, const char *who, const char *why,
                      GError **error)
{
    Inhibition *inhibition;
    int fds[2];

    if (count_of_user(inhibitions, uid) >= MAX_INHIBITIONS) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "this user holds %u inhibitions already; give some back", MAX_INHIBITIONS);
        return -1;
    }
    if (!g_unix_open_pipe(fds, FD_CLOEXEC, error))
        return -1;
    inhibition = g_new0(Inhibition, 1);
    inhibition->all = inhibitions;
    inhibition->uid = uid;
    inhibition->who = g_strdup(who);
    inhibition->fd = fds[0];
    inhibition->watch = g_unix_fd_add(fds[0], G_IO_HUP | G_IO_ERR, inhibition_ended, inhibition);
    g_ptr_array_add(inhibitions->held, inhibition);
    g_message("%s inhibits updates: %s", who, why);
    inhibitions->changed(inhibitions->user_data);
    return fds[1];
}

guint
fota_inhibitions_get_number(FotaInhibitions *inhibitions)
{
    return inhibitions->held->len;
}
