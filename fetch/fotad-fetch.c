/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

#include <gio/gunixinputstream.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POST_MAX (1024 * 1024)

typedef struct {
    gint64 max_size;
    FotaFetchLimitValues limits;
    char *etag;
    char *modified;
    char *ca_file;
    char *credential_file;
    gboolean post;
    char **uris;
} Options;

static const char description[] =
    "One transfer over http, https, ftp, ftps (implicit TLS) or from a local file.\n"
    "\n"
    "Standard output, when a server answered, whatever its answer: the lines \"status: N\" and,\n"
    "where known, \"etag:\", \"last-modified:\", \"max-age:\" and \"retry-after:\" (seconds),\n"
    "\"length:\" (of the body), an empty line, and the body as it came; bodies of other answers\n"
    "than 2xx are not read. FTP and files answer in HTTP's numbers: 200, 304, 401, 403, 404, 503.\n"
    "\n"
    "Redirections: at most 3, never from https to http. The credential goes to the first server\n"
    "only. It is one line: user:password, or a bearer token; its file must not be readable by\n"
    "others (0600, or 0440 as systemd's LoadCredential= shows it).\n"
    "\n"
    "Exit codes: 0 answered; otherwise the lines \"error: Name\" and \"text:\" on standard "
    "output:\n"
    "  1 Failed          5 TlsFailed       9 Interrupted\n"
    "  2 BadUri          6 TimedOut       10 BadRedirect\n"
    "  3 BadCredential   7 TooSlow        11 BadAnswer\n"
    "  4 Unreachable     8 TooLarge";

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    int total = 180, first_byte = 60, min_rate = 50, rate_period = 60;
    GOptionEntry entries[] = {
        {"max-size", 0, 0, G_OPTION_ARG_INT64, &options->max_size, "Largest body (65536)", "BYTES"},
        {"timeout", 0, 0, G_OPTION_ARG_INT, &total, "For everything (180)", "SECONDS"},
        {"first-byte", 0, 0, G_OPTION_ARG_INT, &first_byte, "For the answer to begin (60)",
         "SECONDS"},
        {"min-rate", 0, 0, G_OPTION_ARG_INT, &min_rate, "Slowest body, bytes a second (50)",
         "BYTES"},
        {"rate-period", 0, 0, G_OPTION_ARG_INT, &rate_period, "Over which that is averaged (60)",
         "SECONDS"},
        {"etag", 0, 0, G_OPTION_ARG_STRING, &options->etag, "ETag of the copy at hand", "ETAG"},
        {"if-modified-since", 0, 0, G_OPTION_ARG_STRING, &options->modified,
         "Last-Modified of the copy at hand", "DATE"},
        {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
         "Trust only these certificate authorities", "PEM"},
        {"credential", 0, 0, G_OPTION_ARG_FILENAME, &options->credential_file,
         "File with user:password or a bearer token", "FILE"},
        {"post", 0, 0, G_OPTION_ARG_NONE, &options->post, "Send standard input as JSON", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->uris, NULL, NULL},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GOptionContext) context = g_option_context_new("URI");
    g_autoptr(GError) fault = NULL;

    options->max_size = 65536;
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description);
    if (!g_option_context_parse(context, argc, argv, &fault)) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI, fault->message);
        return FALSE;
    }
    if (!options->uris || g_strv_length(options->uris) != 1 || options->max_size < 0 ||
        options->max_size > G_MAXINT32 || total < 1 || first_byte < 1 || min_rate < 0 ||
        rate_period < 1) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI,
                            "expected one URI and limits above zero; see --help");
        return FALSE;
    }
    if (options->modified && fota_fetch_parse_date(options->modified) < 0) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI,
                            "--if-modified-since: expected an HTTP date");
        return FALSE;
    }
    options->limits = (FotaFetchLimitValues){.total = (guint)total,
                                             .first_byte = (guint)first_byte,
                                             .min_rate = (guint)min_rate,
                                             .rate_period = (guint)rate_period};
    return TRUE;
}

/* The URI is not repeated in messages: it may hold what nobody should read. */
static GUri *
parse_uri(const char *text, GError **error)
{
    static const char *const schemes[] = {"http", "https", "ftp", "ftps", "file", NULL};
    g_autoptr(GUri) uri =
        g_uri_parse(text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);

    if (!uri || !g_strv_contains(schemes, g_uri_get_scheme(uri))) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI,
                            "expected http, https, ftp, ftps or file");
        return NULL;
    }
    if (g_uri_get_userinfo(uri)) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI,
                            "a login in the URI is refused; give it with --credential");
        return NULL;
    }
    if (!g_str_equal(g_uri_get_scheme(uri), "file") &&
        (!g_uri_get_host(uri) || !*g_uri_get_host(uri))) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI, "there is no host");
        return NULL;
    }
    return g_steal_pointer(&uri);
}

static GBytes *
read_input(GError **error)
{
    g_autoptr(GInputStream) input = g_unix_input_stream_new(STDIN_FILENO, FALSE);
    g_autofree char *data = g_malloc(POST_MAX + 1);
    gsize length;

    if (!g_input_stream_read_all(input, data, POST_MAX + 1, &length, NULL, NULL) ||
        length > POST_MAX) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_FAILED,
                            "standard input cannot be read, or has more than 1 MiB");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&data), length);
}

static gboolean
transfer(const FotaFetchRequest *request, FotaFetchAnswer *answer, GError **error)
{
    const char *scheme = g_uri_get_scheme(request->uri);

    if (g_str_has_prefix(scheme, "http"))
        return fota_fetch_http(request, answer, error);
    if (request->post) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI,
                            "--post needs http or https");
        return FALSE;
    }
    if (g_str_has_prefix(scheme, "ftp"))
        return fota_fetch_ftp(request, answer, error);
    return fota_fetch_file(request, answer, error);
}

static gboolean
print_answer(const FotaFetchAnswer *answer, GError **error)
{
    printf("status: %u\n", answer->status);
    if (answer->etag)
        printf("etag: %s\n", answer->etag);
    if (answer->modified)
        printf("last-modified: %s\n", answer->modified);
    if (answer->max_age >= 0)
        printf("max-age: %" G_GINT64_FORMAT "\n", answer->max_age);
    if (answer->retry_after >= 0)
        printf("retry-after: %" G_GINT64_FORMAT "\n", answer->retry_after);
    printf("length: %u\n\n", answer->body->len);
    if (answer->body->len > 0)
        fwrite(answer->body->data, 1, answer->body->len, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return TRUE;
    g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_FAILED, "standard output: %s",
                g_strerror(errno));
    return FALSE;
}

/* On standard output: standard error is for whatever libraries have to say. */
static void
print_error(const GError *error)
{
    g_autofree char *text = g_strdelimit(g_strdup(error->message), "\r\n", ' ');

    printf("error: %s\ntext: %s\n\n", fota_fetch_error_get_name((FotaFetchError)error->code), text);
    fflush(stdout);
}

/* GIO asks nobody in this system what to do: no settings, no proxies, no file systems of users. */
static void
isolate_gio(void)
{
    g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
    g_setenv("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
    g_setenv("GIO_USE_VFS", "local", TRUE);
}

static gboolean
run(const Options *options, FotaFetchAnswer *answer, GError **error)
{
    FotaFetchRequest request = {.etag = options->etag,
                                .modified = options->modified,
                                .ca_file = options->ca_file,
                                .max_size = (gsize)options->max_size};
    g_autoptr(GUri) uri = parse_uri(options->uris[0], error);
    g_autofree char *credential = NULL;
    g_autoptr(GBytes) post = NULL;
    g_autoptr(FotaFetchLimits) limits = NULL;

    if (!uri)
        return FALSE;
    if (options->credential_file) {
        credential = fota_fetch_read_credential(options->credential_file, error);
        if (!credential)
            return FALSE;
    }
    if (options->post) {
        post = read_input(error);
        if (!post)
            return FALSE;
    }
    limits = fota_fetch_limits_new(&options->limits);
    request.uri = uri;
    request.credential = credential;
    request.post = post;
    request.limits = limits;
    return transfer(&request, answer, error);
}

int
main(int argc, char **argv)
{
    Options options = {0};
    g_autoptr(GByteArray) body = g_byte_array_new();
    FotaFetchAnswer answer = {.max_age = -1, .retry_after = -1, .body = body};
    g_autoptr(GError) error = NULL;

    isolate_gio();
    setlocale(LC_CTYPE, "");
    if (!parse_options(&argc, &argv, &options, &error) || !run(&options, &answer, &error) ||
        !print_answer(&answer, &error))
        print_error(error);
    g_free(options.etag);
    g_free(options.modified);
    g_free(options.ca_file);
    g_free(options.credential_file);
    g_strfreev(options.uris);
    g_free(answer.etag);
    g_free(answer.modified);
    return error ? error->code : 0;
}
