/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-credential.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-pin.h"

/* What systemd puts before the file names of LoadCredential=fotad:<directory>. */
#define LOADED_PREFIX "fotad_"
#define MAX_FILE (64 * 1024)

/* Whether others may read @source, as far as fotad can see it: then it is taken, and its reader
 * refuses it. */
static gboolean
is_too_open(const char *source)
{
    struct stat status;

    return stat(source, &status) == 0 &&
           fota_credential_judge_file(status.st_mode, status.st_uid, geteuid()) != NULL;
}

char *
fota_credential_get_path(const char *config_file, const char *name)
{
    const char *directory = g_getenv("CREDENTIALS_DIRECTORY");
    g_autofree char *beside = g_path_get_dirname(config_file);
    g_autofree char *loaded_name = g_strconcat(LOADED_PREFIX, name, NULL);
    g_autofree char *loaded = NULL;
    g_autofree char *source = g_build_filename(beside, "credentials", name, NULL);

    if (name == NULL)
        return NULL;
    if (directory == NULL || is_too_open(source))
        return g_steal_pointer(&source);
    loaded = g_build_filename(directory, loaded_name, NULL);
    if (g_file_test(loaded, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&loaded);
    return g_build_filename(directory, name, NULL);
}

static char *
refuse(GError **error, const char *path, const char *reason)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CREDENTIAL, "credential %s: %s", path, reason);
    return NULL;
}

/* At most @size bytes of a file that is as secret as a credential has to be; -1 on an error. */
static gssize
read_secret(const char *path, char *data, gsize size, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    gssize length = -1;
    const char *fault = NULL;

    if (fd < 0) {
        refuse(error, path, g_strerror(errno));
        return -1;
    }
    if (fstat(fd, &status) != 0)
        fault = g_strerror(errno);
    else
        fault = fota_credential_judge_file(status.st_mode, status.st_uid, geteuid());
    if (fault == NULL) {
        length = read(fd, data, size);
        fault = length < 0 ? g_strerror(errno) : NULL;
    }
    close(fd);
    if (fault != NULL)
        refuse(error, path, fault);
    return length;
}

char *
fota_credential_read(const char *path, GError **error)
{
    char data[FOTA_CREDENTIAL_MAX_BYTES + 1];
    gssize size = read_secret(path, data, sizeof data, error);
    const char *fault;
    char *text;

    if (size < 0)
        return NULL;
    text = fota_credential_read_text(data, (gsize)size, &fault);
    explicit_bzero(data, sizeof data);
    return text != NULL ? text : refuse(error, path, fault);
}

GBytes *
fota_credential_read_file(const char *path, GError **error)
{
    g_autofree char *data = g_malloc(MAX_FILE + 1);
    gssize size = read_secret(path, data, MAX_FILE + 1, error);

    if (size < 0)
        return NULL;
    if (size == 0 || size > MAX_FILE) {
        refuse(error, path, "empty, or more than 64 KiB");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&data), (gsize)size);
}

gboolean
fota_credential_read_login(const char *path, char **user, char **password, GError **error)
{
    g_autofree char *text = fota_credential_read(path, error);

    if (text == NULL)
        return FALSE;
    if (!fota_credential_split(text, user, password)) {
        refuse(error, path, "expected user:password");
        return FALSE;
    }
    return TRUE;
}

char *
fota_credential_read_pin(const char *path, GError **error)
{
    g_autofree char *text = fota_credential_read(path, error);

    if (text == NULL)
        return NULL;
    if (!fota_pin_is_valid(text))
        return refuse(error, path, "expected a PIN, four to eight digits");
    return g_steal_pointer(&text);
}
