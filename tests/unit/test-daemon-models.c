/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/fota-models.h"

/* Model data are read strictly: a plugin never finds 0 where a file says something else. */

#define DAEMON_KEYS                                                                                \
    "[*]\nRestarts=3\nApplyTime=165\nReturnLimit=900\nVersionTime=60\nVersionPause=0\n"            \
    "AidTime=120\nSafeRungs=at-again other-port\n"
#define FILE_BEGINS DAEMON_KEYS "SettleTime=180\n" /* nine lines */

static GKeyFile *
load(const char *text, GError **error)
{
    g_autofree char *file = NULL;
    int fd = g_file_open_tmp("fotad-test-XXXXXX", &file, NULL);
    GKeyFile *models;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    models = fota_models_load(file, error);
    g_unlink(file);
    if (models == NULL)
        g_assert_nonnull(strstr((*error)->message, file));
    return models;
}

static void
test_good(void)
{
    static const char *const rest[] = {
        "",
        "Pause=5\nSocket=300,90,600,50\nVersion=+GMR #CFVR\n# SettleTime=3m\n\n[M*]\nPause=7\n",
        "Away=silence\nLeaveTime=300\nTime=5\nTime#FTPOPEN=100\n[M*]\nTime#FTPOPEN=7\nAway=hang-"
        "up\n",
        "Version=+GMR\n[M*]\nSettleTime = 604800\nVersion=#CFVR\n",
    };

    for (guint i = 0; i < G_N_ELEMENTS(rest); i++) {
        g_autofree char *text = g_strconcat(FILE_BEGINS, rest[i], NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(GKeyFile) models = load(text, &error);

        g_assert_no_error(error);
    }
}

static void
test_bad(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {DAEMON_KEYS "SettleTime=3m\n", ":9: [*] SettleTime=3m is not a number"},
        {DAEMON_KEYS "SettleTime=\n", ":9: "},
        {DAEMON_KEYS "SettleTime=-1\n", ":9: "},
        {DAEMON_KEYS "SettleTime=0\n", "from 1 to 604800"},
        {DAEMON_KEYS "SettleTime=604801\n", ":9: "},
        {DAEMON_KEYS "SettleTime=1.5\n", ":9: "},
        {DAEMON_KEYS "SettleTime=0x10\n", ":9: "},
        {DAEMON_KEYS "SettleTime=18446744073709551616\n", ":9: "},
        {DAEMON_KEYS, "[*] lacks SettleTime="},
        {FILE_BEGINS "[M*]\nSettleTime=3m\n", ":11: [M*] SettleTime=3m"},
        {FILE_BEGINS "[M*]\nSafeRungs=cfun kick\n", "rungs of first aid"},
        {FILE_BEGINS "[M*]\nSetleTime=300\n", "[*] has no such key"},
        {FILE_BEGINS "Pause=5s\n", ":10: [*] Pause=5s"},
        {FILE_BEGINS "Pause=5 s\n", ":10: "},
        {FILE_BEGINS "Pause=-5\n", ":10: "},
        {FILE_BEGINS "Pause=5\n[M*]\nPause=soon\n", ":12: [M*] Pause=soon"},
        {FILE_BEGINS "Pause=5\n[M*]\nPause=4294967296\n", ":12: "},
        {FILE_BEGINS "Away=sleep\n", "is not hang-up or silence"},
        {FILE_BEGINS "Away=silence\n[M*]\nAway=\n", ":12: "},
        {FILE_BEGINS "Time=0\n", "from 1 to 604800"},
        {FILE_BEGINS "Time#FTPOPEN=100s\n", ":10: [*] Time#FTPOPEN=100s"},
        {FILE_BEGINS "Time^FOTADET=0\n", ":10: "},
        {FILE_BEGINS "LeaveTime=-1\n", ":10: "},
        {FILE_BEGINS "[M*]\nTime#FTPOPEN=100\n", "[*] has no such key"},
        {"no key file", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GKeyFile) models = load(cases[i].text, &error);

        g_assert_null(models);
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN);
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, cases[i].says);
    }
}

static void
test_shipped(gconstpointer file)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) models = fota_models_load(file, &error);

    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/models/good", test_good);
    g_test_add_func("/models/bad", test_bad);
    g_test_add_data_func("/models/telit", PLUGINS "/telit/telit.models", test_shipped);
    g_test_add_data_func("/models/huawei", PLUGINS "/huawei/huawei.models", test_shipped);
    g_test_add_data_func("/models/quectel", PLUGINS "/quectel/quectel.models", test_shipped);
    g_test_add_data_func("/models/skeleton", PLUGINS "/skeleton/skeleton.models", test_shipped);
    return g_test_run();
}
