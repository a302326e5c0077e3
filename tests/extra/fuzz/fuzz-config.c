/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/fota-config-file.h"
#include "tests/extra/fuzz/fuzz.h"

/* A configuration is good, or the error says where; never a mixture. */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(FotaConfig) config = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
    config = fota_config_load(path, &error);
    close(fd);
    g_assert_true((config != NULL) == (error == NULL));
    if (config == NULL) {
        g_assert_true(strstr(error->message, path) != NULL);
        return 0;
    }

    const FotaModuleConfig *module = fota_config_for_module(config, "353081090012345");

    g_assert_cmpuint(module->interval, >=, 60);
    g_assert_cmpuint(module->rules.conditions.minimum_signal, <=, 100);
    g_assert_true((module->rules.n_windows > 0) <= (module->rules.windows != NULL));
    return 0;
}
