/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fota-frame.h"
#include "daemon/fota-error.h"
#include "daemon/fota-fetcher.h"
#include "policy/fota-policy-error.h"
#include "tests/unit/fake-socket.h"

/* A fotad-fetch for one session: it notes what it was sent, says what it is told to, and closes. */
typedef struct {
    char *directory;
    char *socket;
    int listener;
    const char *answer; /* NULL = it says nothing and waits until fotad closes */
    gsize size;         /* of @answer, 0 = to its end */
    GString *heard;
    GThread *thread;
} Double;

static gpointer
double_run(gpointer data)
{
    Double *self = data;
    int fd = accept(self->listener, NULL, NULL);
    char chunk[4096];
    gssize length;

    g_assert_cmpint(fd, >=, 0);
    while (strstr(self->heard->str, "max-size: 100\n\n") == NULL &&
           (length = read(fd, chunk, sizeof chunk)) > 0)
        g_string_append_len(self->heard, chunk, length);
    if (self->answer != NULL && self->heard->len > 0)
        g_assert_cmpint(send(fd, self->answer, self->size, MSG_NOSIGNAL), >, 0);
    else
        g_assert_cmpint(read(fd, chunk, sizeof chunk), ==, 0);
    close(fd);
    return NULL;
}

static void
double_start(Double *self, const char *answer)
{
    self->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    self->socket = g_build_filename(self->directory, "fetch", NULL);
    self->answer = answer;
    if (answer != NULL && self->size == 0)
        self->size = strlen(answer);
    self->heard = g_string_new(NULL);
    self->listener = fake_socket_listen(self->socket);
    self->thread = g_thread_new("double", double_run, self);
}

static void
double_stop(Double *self)
{
    g_thread_join(self->thread);
    close(self->listener);
    g_unlink(self->socket);
    g_rmdir(self->directory);
    g_free(self->socket);
    g_free(self->directory);
    g_string_free(self->heard, TRUE);
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static FotaResponse *
fetch(const FotaRequest *request, GCancellable *cancellable, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    fota_fetch_async(request, cancellable, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    return fota_fetch_finish(result, error);
}

static FotaResponse *
fetch_from(Double *self, GError **error)
{
    const FotaRequest request = {.socket = self->socket, .uri = "https://h/x", .max_bytes = 100};

    return fetch(&request, NULL, error);
}

static void
test_answer(void)
{
    Double peer = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = NULL;

    double_start(&peer, "status: 200\netag: \"e\"\nmax-age: 7\nsize: 6\n\n"
                        "length: 2\n\nbolength: 4\n\ndy\n\nend: 6\n\n");
    response = fetch_from(&peer, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(response->status, ==, 200);
    g_assert_cmpstr(response->etag, ==, "\"e\"");
    g_assert_cmpuint(response->max_age, ==, 7);
    g_assert_cmpmem(g_bytes_get_data(response->body, NULL), g_bytes_get_size(response->body),
                    "body\n\n", 6);
    double_stop(&peer);
}

/* What fotad says: the server's secret and the authority first, then the request. */
static void
test_request(void)
{
    Double peer = {NULL};
    g_autofree char *secret = g_build_filename(g_get_tmp_dir(), "fotad-test-secret", NULL);
    g_autofree char *authority = g_build_filename(g_get_tmp_dir(), "fotad-test-ca", NULL);
    FotaRequest request = {.uri = "https://h/x",
                           .credential = secret,
                           .ca_file = authority,
                           .etag = "\"e\"",
                           .max_bytes = 100};
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = NULL;

    g_assert_true(
        g_file_set_contents_full(secret, "u:p\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_true(g_file_set_contents(authority, "PEM\n", -1, NULL));
    double_start(&peer, "status: 304\n\nend: 0\n\n");
    request.socket = peer.socket;
    response = fetch(&request, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(response->status, ==, 304);
    g_assert_cmpstr(peer.heard->str, ==,
                    "set: secret\nlength: 3\n\nu:p"
                    "set: authority\nlength: 4\n\nPEM\n"
                    "method: GET\nuri: https://h/x\netag: \"e\"\nmax-size: 100\n\n");
    double_stop(&peer);
    g_unlink(authority);
    g_assert_null(fetch(&request, NULL, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
    g_clear_error(&error);
    g_chmod(secret, 0644);
    g_assert_null(fetch(&request, NULL, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CREDENTIAL);
    g_unlink(secret);
}

static guint warnings;

static GLogWriterOutput
count_warning(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0 &&
            strstr(fields[i].value, "everybody on the way") != NULL) {
            g_assert_null(strstr(fields[i].value, "u:p"));
            warnings++;
        }
    }
    return G_LOG_WRITER_HANDLED;
}

/* What a server may see of us, and a login that others may see as well. */
static void
test_settings(void)
{
    static const struct {
        const char *uri;
        guint warnings;
    } rows[] = {
        {"http://h/x", 1}, {"ftp://h/x", 1}, {"https://h/x", 0},
        {"ftps://h/x", 0}, {"file:///x", 0},
    };
    g_autofree char *secret = g_build_filename(g_get_tmp_dir(), "fotad-test-secret", NULL);
    g_autofree char *pem = g_build_filename(g_get_tmp_dir(), "fotad-test-pem", NULL);
    FotaRequest request = {.credential = secret,
                           .client_certificate = pem,
                           .client_key = pem,
                           .proxy = "http://p:1",
                           .max_bytes = 100};

    g_assert_true(
        g_file_set_contents_full(secret, "u:p", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_true(
        g_file_set_contents_full(pem, "a\nb\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_log_set_writer_func(count_warning, NULL, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Double peer = {NULL};
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaResponse) response = NULL;
        g_autofree char *heard = g_strdup_printf("set: secret\nlength: 3\n\nu:p"
                                                 "set: certificate\nlength: 4\n\na\nb\n"
                                                 "set: key\nlength: 4\n\na\nb\n"
                                                 "set: proxy\nlength: 10\n\nhttp://p:1"
                                                 "method: GET\nuri: %s\nmax-size: 100\n\n",
                                                 rows[i].uri);

        double_start(&peer, "status: 404\n\nend: 0\n\n");
        request.socket = peer.socket;
        request.uri = rows[i].uri;
        warnings = 0;
        response = fetch(&request, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(peer.heard->str, ==, heard);
        g_assert_cmpuint(warnings, ==, rows[i].warnings);
        double_stop(&peer);
    }
    g_chmod(pem, 0640);
    g_assert_null(fetch(&request, NULL, NULL));
    g_unlink(pem);
    g_unlink(secret);
}

typedef struct {
    const char *answer;
    GQuark (*domain)(void);
    int code;
    const char *text;
} Failure;

#define UNKNOWN "fotad-fetch sent an unknown message; is it of the same version as fotad?"
#define NOTHING "fotad-fetch ended without an answer; see its journal"
#define FETCH fota_error_quark, FOTA_ERROR_MANIFEST_UNREACHABLE

/* The name decides, the sentence is passed on; what the protocol does not have ends the session. */
static const Failure failures[] = {
    {"error: Unreachable\ntext: h: refused\n\n", FETCH, "h: refused"},
    {"status: 200\n\nlength: 1\n\nxerror: Interrupted\ntext: cut\n\n", FETCH, "cut"},
    {"error: BadUri\ntext: no host\n\n", fota_policy_error_quark,
     FOTA_POLICY_ERROR_BAD_CONFIGURATION, "no host"},
    {"error: BadCredential\ntext: open\n\n", fota_error_quark, FOTA_ERROR_BAD_CREDENTIAL, "open"},
    {"error: TooLarge\ntext: large\n\n", fota_policy_error_quark,
     FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, "large"},
    {"error: BadRedirect\ntext: away\n\n", fota_error_quark, FOTA_ERROR_MANIFEST_UNAVAILABLE,
     "away"},
    {"error: \xff\ntext: \xff\n\n", FETCH, "\xef\xbf\xbd"},
    {"error: BadUri\n\n", FETCH, UNKNOWN},
    {"(fotad-fetch:1): dconf-CRITICAL **: unable\n\n", FETCH, UNKNOWN},
    {"Segmentation fault\n", FETCH, NOTHING},
    {"status: 200\n\nlength: 1\n\nx", FETCH, NOTHING},
    {"status: 200\n\nlength: 1\n\nxend: 2\n\n", FETCH, UNKNOWN},
    {"status: 200\n\nlength: 0\n\n", FETCH, UNKNOWN},
    {"status: 200\n\nlength: 16385\n\n", FETCH, UNKNOWN},
    {"status: 200\n\nstatus: 200\n\n", FETCH, UNKNOWN},
    {"status: 0\n\n", FETCH, UNKNOWN},
    {"status: 1000\n\n", FETCH, UNKNOWN},
    {"status: 200\nmax-age: -1\n\n", FETCH, UNKNOWN},
    {"length: 1\n\nx", FETCH, UNKNOWN},
    {"end: 0\n\n", FETCH, UNKNOWN},
    {"what: ever\n\n", FETCH, UNKNOWN},
};

static void
test_failure(gconstpointer data)
{
    const Failure *failure = data;
    Double peer = {NULL};
    g_autoptr(GError) error = NULL;

    double_start(&peer, failure->answer);
    g_assert_null(fetch_from(&peer, &error));
    g_assert_error(error, failure->domain(), failure->code);
    g_assert_cmpstr(error->message, ==, failure->text);
    double_stop(&peer);
}

/* More than was asked for is not kept, whatever fotad-fetch was told and does. */
static void
test_bounds(void)
{
    g_autoptr(GString) data = g_string_new("status: 200\n\nlength: 101\n\n");
    g_autoptr(GString) head = g_string_new("a: ");
    const char *answers[2];

    for (guint i = 0; i < 101; i++)
        g_string_append_c(data, 'x');
    while (head->len < 3 * FOTA_FRAME_MAX_HEAD)
        g_string_append_c(head, 'x');
    answers[0] = data->str;
    answers[1] = head->str;
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        Double peer = {NULL};
        g_autoptr(GError) error = NULL;

        double_start(&peer, answers[i]);
        g_assert_null(fetch_from(&peer, &error));
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE);
        g_assert_cmpstr(error->message, ==, UNKNOWN);
        double_stop(&peer);
    }
}

static gboolean
cancel(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_REMOVE;
}

/* Both close the session, which is what the double waits for. */
static void
test_cancel_and_limit(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    Double peer = {NULL};
    Double slow = {NULL};
    FotaRequest request = {.uri = "https://h/x", .max_bytes = 100, .limit = 1};

    double_start(&peer, NULL);
    request.socket = peer.socket;
    g_idle_add(cancel, cancellable);
    g_assert_null(fetch(&request, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    double_stop(&peer);
    g_clear_error(&error);

    double_start(&slow, NULL);
    request.socket = slow.socket;
    g_assert_null(fetch(&request, NULL, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE);
    g_assert_nonnull(strstr(error->message, "in time"));
    double_stop(&slow);
}

static void
test_nobody(void)
{
    const FotaRequest request = {
        .socket = "/nonexistent/fetch", .uri = "https://h/x", .max_bytes = 100};
    g_autoptr(GError) error = NULL;

    g_assert_null(fetch(&request, NULL, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE);
    g_assert_nonnull(strstr(error->message, "fotad-fetch.socket"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetcher/answer", test_answer);
    g_test_add_func("/fetcher/request", test_request);
    for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
        g_autofree char *path = g_strdup_printf("/fetcher/failure/%u", i);

        g_test_add_data_func(path, &failures[i], test_failure);
    }
    g_test_add_func("/fetcher/settings", test_settings);
    g_test_add_func("/fetcher/bounds", test_bounds);
    g_test_add_func("/fetcher/cancel-and-limit", test_cancel_and_limit);
    g_test_add_func("/fetcher/nobody", test_nobody);
    return g_test_run();
}
