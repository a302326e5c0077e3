/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "daemon/fota-error.h"
#include "daemon/fota-fetcher.h"
#include "policy/fota-policy-error.h"

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

/* A fotad-fetch that does as the shell @script says. */
static FotaResponse *
fetch(const char *script, GError **error)
{
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    g_autofree char *helper = g_build_filename(directory, "fetch", NULL);
    g_autofree char *text = g_strconcat("#!/bin/sh\n", script, NULL);
    const FotaRequest request = {.helper = helper, .uri = "https://h/x", .max_bytes = 100};
    g_autoptr(GAsyncResult) result = NULL;

    g_assert_true(g_file_set_contents(helper, text, -1, NULL));
    g_assert_cmpint(g_chmod(helper, 0700), ==, 0);
    fota_fetch_async(&request, NULL, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_unlink(helper);
    g_rmdir(directory);
    return fota_fetch_finish(result, error);
}

static void
test_answer(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response =
        fetch("printf 'status: 200\\netag: \"e\"\\nmax-age: 7\\n\\nbody'", &error);

    g_assert_no_error(error);
    g_assert_cmpuint(response->status, ==, 200);
    g_assert_cmpstr(response->etag, ==, "\"e\"");
    g_assert_cmpuint(response->max_age, ==, 7);
    g_assert_cmpmem(g_bytes_get_data(response->body, NULL), g_bytes_get_size(response->body),
                    "body", 4);
}

typedef struct {
    const char *script;
    GQuark (*domain)(void);
    int code;
    const char *text;
} Failure;

/* Whatever libraries complain of on standard error, the error is the one that was reported. */
static const Failure failures[] = {
    {"echo '(fotad-fetch:1): dconf-CRITICAL **: unable' >&2\n"
     "printf 'error: Unreachable\\ntext: fota.example: refused\\n\\n'; exit 4",
     fota_error_quark, FOTA_ERROR_FETCH, "fota.example: refused"},
    {"echo 'BadUri: warning of a library' >&2\n"
     "printf 'error: TlsFailed\\ntext: expired\\n\\n'; exit 5",
     fota_error_quark, FOTA_ERROR_FETCH, "expired"},
    {"printf 'error: BadUri\\ntext: no host\\n\\n'; exit 2", fota_error_quark,
     FOTA_ERROR_CONFIGURATION, "no host"},
    {"printf 'error: BadCredential\\ntext: too open\\n\\n'; exit 3", fota_error_quark,
     FOTA_ERROR_CREDENTIAL, "too open"},
    {"printf 'error: TooLarge\\ntext: large\\n\\n'; exit 8", fota_policy_error_quark,
     FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, "large"},
    {"printf 'error: BadRedirect\\ntext: away\\n\\n'; exit 10", fota_error_quark,
     FOTA_ERROR_MANIFEST_STATUS, "away"},
    {"echo 'Trace/breakpoint trap' >&2; kill -TRAP $$", fota_error_quark, FOTA_ERROR_FETCH,
     "fotad-fetch ended without an answer; see fotad's journal"},
    {"echo 'BadUri: what' >&2; exit 2", fota_error_quark, FOTA_ERROR_FETCH,
     "fotad-fetch ended without an answer; see fotad's journal"},
};

static void
test_failure(gconstpointer data)
{
    const Failure *failure = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(fetch(failure->script, &error));
    g_assert_error(error, failure->domain(), failure->code);
    g_assert_cmpstr(error->message, ==, failure->text);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetcher/answer", test_answer);
    for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
        g_autofree char *path = g_strdup_printf("/fetcher/failure/%u", i);

        g_test_add_data_func(path, &failures[i], test_failure);
    }
    return g_test_run();
}
