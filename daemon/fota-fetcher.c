/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-fetcher.h"

#include <string.h>

#include "daemon/fota-error.h"
#include "policy/fota-policy-error.h"

/* fotad-fetch's exit codes, see fotad-fetch --help, that are not for want of an answer. */
#define EXIT_BAD_URI 2
#define EXIT_BAD_CREDENTIAL 3
#define EXIT_TOO_LARGE 8
#define EXIT_BAD_REDIRECT 10

void
fota_response_free(FotaResponse *response)
{
    g_free(response->etag);
    g_clear_pointer(&response->body, g_bytes_unref);
    g_free(response);
}

static GPtrArray *
make_arguments(const FotaRequest *request)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(argv, g_strdup(request->helper));
    g_ptr_array_add(argv, g_strdup_printf("--max-size=%" G_GSIZE_FORMAT, request->max_bytes));
    if (request->credential != NULL)
        g_ptr_array_add(argv, g_strconcat("--credential=", request->credential, NULL));
    if (request->ca_file != NULL)
        g_ptr_array_add(argv, g_strconcat("--ca-file=", request->ca_file, NULL));
    if (request->etag != NULL)
        g_ptr_array_add(argv, g_strconcat("--etag=", request->etag, NULL));
    g_ptr_array_add(argv, g_strdup("--"));
    g_ptr_array_add(argv, g_strdup(request->uri));
    g_ptr_array_add(argv, NULL);
    return argv;
}

static void
take_header(FotaResponse *response, const char *line)
{
    const char *value = strstr(line, ": ");

    if (value == NULL)
        return;
    value += 2;
    if (g_str_has_prefix(line, "status: ")) {
        response->status = (guint)g_ascii_strtoull(value, NULL, 10);
    } else if (g_str_has_prefix(line, "etag: ")) {
        g_free(response->etag);
        response->etag = g_strdup(value);
    } else if (g_str_has_prefix(line, "max-age: ")) {
        response->max_age = g_ascii_strtoull(value, NULL, 10);
    } else if (g_str_has_prefix(line, "retry-after: ")) {
        response->retry_after = g_ascii_strtoull(value, NULL, 10);
    }
}

static FotaResponse *
parse_output(GBytes *output)
{
    g_autoptr(FotaResponse) response = g_new0(FotaResponse, 1);
    gsize size;
    const char *data = g_bytes_get_data(output, &size);
    gsize start = 0;

    for (gsize i = 0; i < size; i++) {
        g_autofree char *line = NULL;

        if (data[i] != '\n')
            continue;
        if (i == start) {
            response->body = g_bytes_new_from_bytes(output, i + 1, size - i - 1);
            return response->status != 0 ? g_steal_pointer(&response) : NULL;
        }
        line = g_strndup(data + start, i - start);
        take_header(response, line);
        start = i + 1;
    }
    return NULL;
}

static GError *
explain_exit(GSubprocess *helper, GBytes *complaint)
{
    gsize size;
    const char *data = g_bytes_get_data(complaint, &size);
    g_autofree char *text = g_utf8_make_valid(size > 0 ? data : "", (gssize)MIN(size, 400));
    const char *said = g_strchomp(text)[0] != '\0' ? text : "fotad-fetch ended without a word";

    switch (g_subprocess_get_if_exited(helper) ? g_subprocess_get_exit_status(helper) : -1) {
    case EXIT_BAD_URI:
        return g_error_new_literal(FOTA_ERROR, FOTA_ERROR_CONFIGURATION, said);
    case EXIT_BAD_CREDENTIAL:
        return g_error_new_literal(FOTA_ERROR, FOTA_ERROR_CREDENTIAL, said);
    case EXIT_TOO_LARGE:
        return g_error_new_literal(FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, said);
    case EXIT_BAD_REDIRECT:
        return g_error_new_literal(FOTA_ERROR, FOTA_ERROR_MANIFEST_STATUS, said);
    default:
        return g_error_new_literal(FOTA_ERROR, FOTA_ERROR_FETCH, said);
    }
}

static void
helper_ended(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GSubprocess *helper = G_SUBPROCESS(object);
    g_autoptr(GTask) task = user_data;
    g_autoptr(GBytes) output = NULL;
    g_autoptr(GBytes) complaint = NULL;
    g_autoptr(GError) error = NULL;
    FotaResponse *response;

    if (!g_subprocess_communicate_finish(helper, result, &output, &complaint, &error)) {
        g_subprocess_force_exit(helper);
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    if (!g_subprocess_get_if_exited(helper) || g_subprocess_get_exit_status(helper) != 0) {
        g_task_return_error(task, explain_exit(helper, complaint));
        return;
    }
    response = parse_output(output);
    if (response == NULL)
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_FETCH,
                                "fotad-fetch answered something unknown; is it of this version?");
    else
        g_task_return_pointer(task, response, (GDestroyNotify)fota_response_free);
}

void
fota_fetch_async(const FotaRequest *request, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    g_autoptr(GPtrArray) argv = make_arguments(request);
    g_autoptr(GSubprocess) helper = NULL;
    g_autoptr(GError) error = NULL;

    /*
     * INHERIT_FDS lets GLib start it by posix_spawn(). After a fork() its code would run in a copy
     * of this process in which a lock that another thread held is never released. All descriptors
     * here close by themselves on exec.
     */
    helper = g_subprocess_newv((const char *const *)argv->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE |
                                   G_SUBPROCESS_FLAGS_INHERIT_FDS,
                               &error);
    if (helper == NULL) {
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_FETCH, "%s cannot be started: %s",
                                request->helper, error->message);
        return;
    }
    g_subprocess_communicate_async(helper, NULL, cancellable, helper_ended, g_steal_pointer(&task));
}

FotaResponse *
fota_fetch_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
