/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "tests/unit/fake-data.h"
#include "tests/unit/test-telit.h"

/* The delta over the AT port: what is said, in which form, and each way in which it fails. */

static const FotaMethod *
find_feed(void)
{
    const FotaClaim *claim = fota_plugin.claims;

    while (!g_pattern_match_simple(claim->model, "ME310G1-WW"))
        claim++;
    for (guint i = 0; claim->methods[i] != NULL; i++) {
        if (claim->methods[i]->route == FOTA_ROUTE_FEED)
            return claim->methods[i];
    }
    g_assert_not_reached();
}

#define FILE_SIZE 5000
#define SIZED "AT#OTAUPW=5000"
#define PLAIN "AT#OTAUPW"
#define END_DATA                                                                                   \
    {                                                                                              \
        FAKE_BYTES, "NO CARRIER"                                                                   \
    }

static const struct {
    const char *name, *model;
    FotaResult result;
    int code;
    FakeExchange script[5];
    gsize block; /* bytes */
} loads[] = {
    {"sized", "ME310G1-WW", FOTA_RESULT_DONE, 0, {{SIZED, "CONNECT"}, END_DATA, END}, 1024},
    {"sized-too", "ME910G1-W1", FOTA_RESULT_DONE, 0, {{SIZED, "CONNECT"}, END_DATA, END}, 1024},
    {"plain", "LE910-SVL", FOTA_RESULT_DONE, 0, {{PLAIN, "CONNECT"}, END_DATA, END}, 4096},
    {"plain-too", "LE910-NA1", FOTA_RESULT_DONE, 0, {{PLAIN, "CONNECT"}, END_DATA, END}, 4096},
    {"refused",
     "LE910-SVL",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED,
     {{PLAIN, "!20"}, END},
     0},
    {"no-prompt",
     "LE910-SVL",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT,
     {{PLAIN, "?"}, END},
     0},
    {"cancelled-at-start",
     "LE910-SVL",
     FOTA_RESULT_FAILED_FOR_NOW,
     -1,
     {{PLAIN, "CONNECT"}, {FAKE_CANCEL, ""}, END},
     0},
    {"no-end",
     "ME310G1-WW",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT,
     {{SIZED, "CONNECT"}, {FAKE_BYTES, "?"}, END},
     1024},
};

static const char file[FILE_SIZE] = "a delta";

static int
open_file(void)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("fota-delta-XXXXXX", &name, NULL);

    g_assert_cmpint(write(fd, file, sizeof(file)), ==, sizeof(file));
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_unlink(name);
    return fd;
}

static void
test_load(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    FotaSession *session = fake_session_new(TELIT_MODELS, loads[i].script);
    FotaUpdate fed = update;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) written = NULL;
    int fd = open_file();
    FotaResult result;

    fed.size = sizeof(file);
    fake_session_set_model(session, loads[i].model);
    fake_data_begin(session);
    result = find_feed()->load(session, &fed, fd, &error);
    written = fake_data_end();
    fake_session_assert_end(session, result, error, loads[i].result, loads[i].code,
                            result != FOTA_RESULT_DONE ? "the delta could not be handed over: "
                                                       : NULL);
    if (result == FOTA_RESULT_DONE) {
        g_assert_cmpmem(g_bytes_get_data(written, NULL), g_bytes_get_size(written), file,
                        sizeof(file));
        /* The pause after the prompt, the silence, and the pause before the delta is checked, of
         * the published program. */
        g_assert_cmpuint(fake_data_get_start(), ==, 1);
        g_assert_cmpuint(fake_data_get_guard(), ==, 5);
        g_assert_cmpuint(fake_session_get_seconds(session), ==, 1 + 5);
        g_assert_cmpuint(fake_session_get_received(session), ==, fed.size);
    }
    g_assert_cmpuint(fake_data_get_block(), ==, loads[i].block);
    fake_session_finish(session);
    close(fd);
}

static void
test_install(void)
{
    static const FakeExchange script[] = {{"AT#OTAUP=0,2", ""}, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(find_feed()->install(session, &update, &error), ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
}

/* Raw data need a tty, which ModemManager keeps away from. */
static void
test_needs(void)
{
    g_assert_cmpuint(find_feed()->needs, ==, FOTA_NEEDS_TTY | FOTA_NEEDS_INHIBITION);
    g_assert_cmpint(find_feed()->commit, ==, FOTA_COMMIT_POINT_INSTALL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(loads); i++) {
        g_autofree char *name = g_strdup_printf("/telit/feed/%s", loads[i].name);

        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_load);
    }
    g_test_add_func("/telit/feed/install", test_install);
    g_test_add_func("/telit/feed/needs", test_needs);
    return g_test_run();
}
