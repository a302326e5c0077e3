/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-fetcher.h"

#include <string.h>

#include "daemon/fota-error.h"
#include "policy/fota-policy-error.h"

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

/* What fotad-fetch printed: an answer, or the name of a failure with its text. */
typedef struct {
    FotaResponse *response;
    char *error;
    char *text;
} Output;

static void
output_clear(Output *output)
{
    g_clear_pointer(&output->response, fota_response_free);
    g_free(output->error);
    g_free(output->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Output, output_clear)

static void
output_take_line(Output *output, const char *line)
{
    const char *value = strstr(line, ": ");

    if (value == NULL)
        return;
    value += 2;
    if (g_str_has_prefix(line, "status: ")) {
        output->response->status = (guint)g_ascii_strtoull(value, NULL, 10);
    } else if (g_str_has_prefix(line, "etag: ")) {
        g_free(output->response->etag);
        output->response->etag = g_strdup(value);
    } else if (g_str_has_prefix(line, "max-age: ")) {
        output->response->max_age = g_ascii_strtoull(value, NULL, 10);
    } else if (g_str_has_prefix(line, "retry-after: ")) {
        output->response->retry_after = g_ascii_strtoull(value, NULL, 10);
    } else if (g_str_has_prefix(line, "error: ")) {
        g_free(output->error);
        output->error = g_strdup(value);
    } else if (g_str_has_prefix(line, "text: ")) {
        g_free(output->text);
        output->text = g_utf8_make_valid(value, -1);
    }
}

static void
output_parse(Output *output, GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    gsize start = 0;

    output->response = g_new0(FotaResponse, 1);
    for (gsize i = 0; i < size; i++) {
        g_autofree char *line = NULL;

        if (data[i] != '\n')
            continue;
        if (i == start) {
            output->response->body = g_bytes_new_from_bytes(bytes, i + 1, size - i - 1);
            return;
        }
        line = g_strndup(data + start, i - start);
        output_take_line(output, line);
        start = i + 1;
    }
}

/* A failure that the next attempt would meet again has an error of its own. */
static GError *
explain_failure(const char *name, const char *text)
{
    static const struct {
        const char *name;
        GQuark (*domain)(void);
        int code;
    } lasting[] = {
        {"BadUri", fota_error_quark, FOTA_ERROR_CONFIGURATION},
        {"BadCredential", fota_error_quark, FOTA_ERROR_CREDENTIAL},
        {"TooLarge", fota_policy_error_quark, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE},
        {"BadRedirect", fota_error_quark, FOTA_ERROR_MANIFEST_STATUS},
    };

    for (guint i = 0; i < G_N_ELEMENTS(lasting); i++) {
        if (strcmp(lasting[i].name, name) == 0)
            return g_error_new_literal(lasting[i].domain(), lasting[i].code, text);
    }
    return g_error_new(FOTA_ERROR, FOTA_ERROR_FETCH, "%s", text);
}

static void
helper_ended(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GSubprocess *helper = G_SUBPROCESS(object);
    g_autoptr(GTask) task = user_data;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(Output) output = {NULL, NULL, NULL};

    if (!g_subprocess_communicate_finish(helper, result, &bytes, NULL, &error)) {
        g_subprocess_force_exit(helper);
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    output_parse(&output, bytes);
    if (output.error != NULL && output.text != NULL)
        g_task_return_error(task, explain_failure(output.error, output.text));
    else if (output.response->status == 0 || output.response->body == NULL)
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_FETCH,
                                "fotad-fetch ended without an answer; see fotad's journal");
    else
        g_task_return_pointer(task, g_steal_pointer(&output.response),
                              (GDestroyNotify)fota_response_free);
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
    helper =
        g_subprocess_newv((const char *const *)argv->pdata,
                          G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_INHERIT_FDS, &error);
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
