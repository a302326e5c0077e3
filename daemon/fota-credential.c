/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-credential.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/fota-error.h"

#define MAX_BYTES 4096

char *
fota_credential_get_path(const char *config_file, const char *name)
{
    const char *directory = g_getenv("CREDENTIALS_DIRECTORY");
    g_autofree char *beside = NULL;

    if (directory != NULL)
        return g_build_filename(directory, name, NULL);
    beside = g_path_get_dirname(config_file);
    return g_build_filename(beside, "credentials", name, NULL);
}

/*
 * Owner only, but for the group's read bit: systemd sets it as the mask of the access control list
 * by which it gives a service its credentials.
 */
static char *
read_secret(const char *path, GError **error)
{
    char buffer[MAX_BYTES + 1];
    struct stat status;
    gssize size;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fstat(fd, &status) < 0) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CREDENTIAL, "credential %s: %s", path,
                    g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    size = read(fd, buffer, sizeof buffer);
    close(fd);
    if ((status.st_mode & 0037) != 0) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CREDENTIAL,
                    "credential %s: mode %04o lets others read it; chmod 0600 it", path,
                    (guint)(status.st_mode & 07777));
        return NULL;
    }
    if (size < 0 || size > MAX_BYTES || memchr(buffer, '\0', (gsize)size) != NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CREDENTIAL,
                    "credential %s: not a text of at most %d bytes", path, MAX_BYTES);
        return NULL;
    }
    return g_strndup(buffer, (gsize)size);
}

gboolean
fota_credential_read_login(const char *path, char **user, char **password, GError **error)
{
    g_autofree char *text = read_secret(path, error);
    char *colon;

    if (text == NULL)
        return FALSE;
    g_strchomp(text);
    colon = strchr(text, ':');
    if (colon == NULL || colon == text || strpbrk(text, "\r\n") != NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CREDENTIAL,
                    "credential %s: expected one line user:password", path);
        return FALSE;
    }
    *user = g_strndup(text, (gsize)(colon - text));
    *password = g_strdup(colon + 1);
    return TRUE;
}
