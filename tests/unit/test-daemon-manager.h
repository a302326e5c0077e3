/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "base/fota-clock.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-context.h"
#include "daemon/fota-error.h"
#include "daemon/fota-manager.h"
#include "daemon/fota-record.h"
#include "daemon/mm/fota-mm.h"
#include "policy/fota-policy-error.h"

/* A manager without modules, and what applications may ask of it. */

/* Made anew with everything in it that fotad obeys. */
static char *
make_directory(void)
{
    static const char *const directories[] = {"fotad.conf.d", "keys.d", "plugins", "state"};
    static const char *const texts[][2] = {
        {"fotad.conf.d/a.conf", "[Log]\nLevel=info\n"},
        {"ca.pem", ""},
        {"cycle", ""},
        {"keys.d/a.pub", "untrusted comment: minisign public key E7620F1842B4E81F\n"
                         "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n"},
    };
    char *directory = g_dir_make_tmp("fota-manager-XXXXXX", NULL);
    g_autofree char *conf = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_build_filename(directory, directories[i], NULL);

        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    }
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = g_build_filename(directory, texts[i][0], NULL);

        g_assert_true(g_file_set_contents(path, texts[i][1], -1, NULL));
    }
    conf = g_build_filename(directory, "fotad.conf", NULL);
    text = g_strdup_printf("[Manifest]\nCertificateAuthority=%s/ca.pem\n"
                           "[FirstAid]\nPowerCycle=%s/cycle now\n",
                           directory, directory);
    g_assert_true(g_file_set_contents(conf, text, -1, NULL));
    return directory;
}

static FotaManager *
load(const char *directory, GError **error)
{
    g_autofree char *file = g_build_filename(directory, "fotad.conf", NULL);
    g_autofree char *plugins = g_build_filename(directory, "plugins", NULL);
    g_autofree char *state = g_build_filename(directory, "state", NULL);
    const FotaPaths paths = {.plugins = plugins, .state = state, .fetch = "/bin/false"};
    FotaConfig *config = fota_config_load(file, error);

    return config != NULL ? fota_manager_new(config, &paths, error) : NULL;
}

static void
remove_directory(const char *directory)
{
    const char *const command[] = {"rm", "-r", directory, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

/* ModemManager's place: what it says, the test says. */
static struct {
    const FotaMmCallbacks *callbacks;
    gpointer user_data;
    gboolean accepted; /* the modem object that was shown last */
    guint again;       /* how often those that were not are wanted again */
} modem_manager;

FotaMm *
__wrap_fota_mm_new(const char *directory, const FotaMmCallbacks *callbacks, gpointer user_data);
void __wrap_fota_mm_free(FotaMm *mm);
void __wrap_fota_mm_show_again(FotaMm *mm, const char *imei);

FotaMm *
__wrap_fota_mm_new(const char *directory, const FotaMmCallbacks *callbacks, gpointer user_data)
{
    modem_manager.callbacks = callbacks;
    modem_manager.user_data = user_data;
    return (FotaMm *)&modem_manager;
}

void
__wrap_fota_mm_free(FotaMm *mm)
{
}

void
__wrap_fota_mm_show_again(FotaMm *mm, const char *imei)
{
    modem_manager.again++;
}

static guint refusals;
static guint keyless;

static GLogWriterOutput
count_refusals(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0 &&
            strstr(fields[i].value, "reports this IMEI, too") != NULL)
            refusals++;
        if (strcmp(fields[i].key, "MESSAGE") == 0 &&
            strstr(fields[i].value, "there is no key in") != NULL)
            keyless++;
    }
    return G_LOG_WRITER_HANDLED;
}

/* The manager's time; boot time stays the machine's. */
static gint64 now = FOTA_RELEASE_TIME + (gint64)1000 * G_TIME_SPAN_DAY;

gint64 __wrap_fota_clock_now(void);

gint64
__wrap_fota_clock_now(void)
{
    return now;
}
