/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-mount.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define MOUNTINFO "/proc/self/mountinfo"
/* The kernel mounts two overlays over each other, FILESYSTEM_MAX_STACK_DEPTH, and no more. */
#define MAX_OVERLAYS 2

/* The options of an overlay; commas, blanks and backslashes in names are octal in this text. */
static char *
read_upper(const char *options)
{
    g_auto(GStrv) words = g_strsplit(options, ",", -1);
    g_autofree char *upper = NULL;

    for (guint i = 0; words[i] != NULL; i++) {
        if (g_str_equal(words[i], "volatile"))
            return NULL;
        if (g_str_has_prefix(words[i], "upperdir=/")) {
            g_free(upper);
            upper = g_strcompress(words[i] + strlen("upperdir="));
        }
    }
    return g_steal_pointer(&upper);
}

/* 36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
char *
fota_mount_find_upper(const char *mountinfo, dev_t device)
{
    g_autofree char *number = g_strdup_printf("%u:%u", major(device), minor(device));
    g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(lines[i], " - ", 2);
        g_auto(GStrv) mount = g_strsplit(lines[i], " ", 4);
        g_auto(GStrv) system =
            g_strsplit(parts[0] != NULL && parts[1] != NULL ? parts[1] : "", " ", 3);

        if (g_strv_length(mount) == 4 && g_str_equal(mount[2], number) &&
            g_strv_length(system) == 3 && g_str_equal(system[0], "overlay"))
            return read_upper(system[2]);
    }
    return NULL;
}

static char *
find_upper(const char *path)
{
    g_autofree char *mountinfo = NULL;
    struct stat status;

    if (stat(path, &status) < 0 || !g_file_get_contents(MOUNTINFO, &mountinfo, NULL, NULL))
        return NULL;
    return fota_mount_find_upper(mountinfo, status.st_dev);
}

gboolean
fota_mount_is_volatile(const char *path)
{
    g_autofree char *directory = g_strdup(path);

    for (guint i = 0; directory != NULL && i <= MAX_OVERLAYS; i++) {
        g_autofree char *below = g_steal_pointer(&directory);
        struct statfs status;

        if (statfs(below, &status) < 0)
            return TRUE;
        if ((guint32)status.f_type != OVERLAYFS_SUPER_MAGIC)
            return (guint32)status.f_type == TMPFS_MAGIC || (guint32)status.f_type == RAMFS_MAGIC;
        directory = find_upper(below);
    }
    return TRUE;
}
