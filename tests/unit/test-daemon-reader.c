/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fota-clock.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-reader.h"
#include "policy/fota-policy-error.h"
#include "test-policy-sign.h"

/* Reader and poller of one module, a fotad-fetch that answers what it is told, and a clock. */

#define IMEI "353081090012345"
#define DAY ((gint64)86400)

static gint64 now;

gint64 __wrap_fota_clock_now(void);

gint64
__wrap_fota_clock_now(void)
{
    return now;
}

/* What the kernel tells: there is no way out; and its next change, once somebody watches. */
static void (*network_changed)(gpointer user_data);
static gpointer watcher;

int __wrap_fota_route_leads_out(const char *sys, const char *without);
guint
__wrap_fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

int
__wrap_fota_route_leads_out(const char *sys, const char *without)
{
    return 0;
}

static gboolean
do_nothing(gpointer user_data)
{
    return G_SOURCE_CONTINUE;
}

guint
__wrap_fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error)
{
    network_changed = changed;
    watcher = user_data;
    return g_timeout_add_seconds(DAY, do_nothing, NULL);
}

typedef struct {
    char *directory;
    FotaContext context;
    FotaKeeper *keeper;
    FotaPoller *poller;
    FotaAccepted *accepted;
    FotaReader *reader;
    GObject *owner;
    int listener;
    GThread *thread;
    GMutex lock;
    char *answer; /* "" = the session is closed without one */
    gsize size;
    char *asked; /* the last request */
} Fixture;

static void
nothing(gpointer object)
{
}

static gpointer
fetch_run(gpointer data)
{
    Fixture *fixture = data;
    int fd;

    while ((fd = accept(fixture->listener, NULL, NULL)) >= 0) {
        g_autoptr(GString) heard = g_string_new(NULL);
        const char *method = NULL;
        char byte;

        while ((method == NULL || strstr(method, "\n\n") == NULL) && read(fd, &byte, 1) == 1) {
            g_string_append_c(heard, byte);
            method = strstr(heard->str, "method:");
        }
        g_mutex_lock(&fixture->lock);
        g_free(fixture->asked);
        fixture->asked = g_strdup(heard->str);
        if (fixture->size > 0 && method != NULL)
            g_assert_cmpint(send(fd, fixture->answer, fixture->size, MSG_NOSIGNAL), >, 0);
        g_mutex_unlock(&fixture->lock);
        close(fd);
    }
    return NULL;
}

static void
fetch_start(Fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    fixture->context.fetch_socket = g_build_filename(fixture->directory, "fetch", NULL);
    g_strlcpy(address.sun_path, fixture->context.fetch_socket, sizeof address.sun_path);
    fixture->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fixture->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fixture->listener, 4), ==, 0);
    fixture->thread = g_thread_new("fetch", fetch_run, fixture);
}

/* fotad begins, with the record that is on disk. */
static void
start(Fixture *fixture)
{
    const FotaPartOwner owner = {fixture->owner, nothing};
    g_autoptr(GError) error = NULL;
    FotaRecord *record = fota_store_load(fixture->context.store, IMEI, &error);

    g_assert_no_error(error);
    fixture->keeper = fota_keeper_new(fixture->context.store, record, &owner);
    fixture->poller = fota_poller_new(&fixture->context, fixture->keeper, &owner);
    fixture->accepted = fota_accepted_new(&fixture->context, fixture->keeper, fixture->poller);
    fixture->reader =
        fota_reader_new(&fixture->context, record, fixture->poller, fixture->accepted, &owner);
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

/* Returns when all is written. */
static void
write_all(Fixture *fixture)
{
    g_autoptr(GAsyncResult) result = NULL;

    fota_keeper_wait_async(fixture->keeper, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_keeper_wait_finish(fixture->keeper, result, NULL));
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
stop(Fixture *fixture)
{
    write_all(fixture);
    /* The time of the last check may still be on its way to the disk. */
    while (G_OBJECT(fixture->owner)->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
    g_clear_pointer(&fixture->reader, fota_reader_free);
    g_clear_pointer(&fixture->accepted, fota_accepted_free);
    g_clear_pointer(&fixture->poller, fota_poller_free);
    g_clear_pointer(&fixture->keeper, fota_keeper_free);
}

static void
configure(Fixture *fixture, const char *text)
{
    g_autofree char *file = g_build_filename(fixture->directory, "fotad.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&fixture->context.config, fota_config_unref);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    fixture->context.config = fota_config_load(file, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    now = FOTA_RELEASE_TIME + 30 * DAY * G_USEC_PER_SEC;
    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->owner = g_object_new(G_TYPE_OBJECT, NULL);
    fixture->answer = g_strdup("");
    fixture->context.keyring = test_sign_keyring(2);
    fixture->context.store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
    configure(fixture, "[Manifest]\nUri=https://fota.example/{imei}.signed\n");
    fetch_start(fixture);
    start(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    stop(fixture);
    shutdown(fixture->listener, SHUT_RDWR);
    g_thread_join(fixture->thread);
    close(fixture->listener);
    fota_store_free(fixture->context.store);
    fota_keyring_free(fixture->context.keyring);
    fota_config_unref(fixture->context.config);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_object_unref(fixture->owner);
    g_free(fixture->context.fetch_socket);
    g_free(fixture->directory);
    g_free(fixture->answer);
    g_free(fixture->asked);
}

/* A manifest of ours; @members: of its top, with a comma at the end. */
static char *
manifest(guint number, guint key, const char *members)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":%u,\"issued\":\"2026-10-01T00:00:00Z\","
        "\"useBefore\":\"2027-01-01T00:00:00Z\",%s"
        "\"target\":{\"imei\":[\"" IMEI "\"]},\"update\":{}}",
        number, members);
    g_autoptr(GBytes) file = test_sign_file((guint8)key, text);

    return g_strndup(g_bytes_get_data(file, NULL), g_bytes_get_size(file));
}

/* One check, which the server answers so, or fotad-fetch with @body when @status is 0; seconds from
 * its end to the next. */
static gint64
check(Fixture *fixture, guint status, const char *headers, const char *body)
{
    gsize size = strlen(body);
    g_autofree char *rest =
        size > 0 ? g_strdup_printf("length: %" G_GSIZE_FORMAT "\n\n%s", size, body) : g_strdup("");

    g_mutex_lock(&fixture->lock);
    g_free(fixture->answer);
    fixture->answer = status == 0
                          ? g_strdup(body)
                          : g_strdup_printf("status: %u\n%s\n%send: %" G_GSIZE_FORMAT "\n\n",
                                            status, headers, rest, size);
    fixture->size = strlen(fixture->answer);
    g_mutex_unlock(&fixture->lock);
    fota_reader_start(fixture->reader);
    while (fota_reader_is_busy(fixture->reader))
        g_main_context_iteration(NULL, TRUE);
    write_all(fixture);
    return ((gint64)fota_poller_get_next_check(fixture->poller) - now) / G_USEC_PER_SEC;
}

static void
expect_error(Fixture *fixture, GQuark domain, int code)
{
    g_assert_error((GError *)fota_reader_get_error(fixture->reader), domain, code);
}

/* What a server, or the network in its place, may answer; and whether it is asked again soon. */
typedef struct {
    guint status;
    const char *body;
    gboolean soon;
} Answer;

static const Answer answers[] = {
    {0, "", TRUE}, /* nobody there */
    {0, "error: Unreachable\ntext: refused\n\n", TRUE},
    {0, "error: TooLarge\ntext: large\n\n", TRUE},
    {0, "error: BadRedirect\ntext: away\n\n", TRUE},
    {0, "something unknown", TRUE},
    {503, "", TRUE},
    {500, "<html>", TRUE},
    {408, "", TRUE},
    {429, "", TRUE},
    {511, "<html>log in</html>", TRUE},
    {302, "", TRUE},
    {204, "", TRUE},
    {206, "", TRUE},
    {407, "", TRUE},
    /* Without a manifest at hand there was nothing to compare. */
    {304, "", TRUE},
    {200, "", TRUE},
    {200, "<html>Log in, please</html>", TRUE},
    {200, "{\"login\": \"required\"}", TRUE},
    /* What is for a person. */
    {0, "error: BadCredential\ntext: open\n\n", FALSE},
    {401, "", FALSE},
    {403, "", FALSE},
    {404, "", FALSE},
    {410, "", FALSE},
    {200, "untrusted comment: x\nnot a signature\n{\"manifestVersion\":1}", FALSE},
};

/* What nobody has signed moves no clock beyond the interval; what will pass is tried soon. */
static void
test_unsigned_clocks(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_test_message("%u %s", answers[i].status, answers[i].body);
        for (guint tries = 0; tries < 3; tries++) {
            gint64 wait = check(fixture, answers[i].status,
                                "max-age: 31536000\nretry-after: 31536000\n", answers[i].body);

            g_assert_cmpint(wait, >, 0);
            g_assert_cmpint(wait, <=, answers[i].soon ? FOTA_SCHEDULE_MAX_RETRY : DAY);
        }
    }
}

/* The same where a manifest is at hand: it stays in force. */
static void
test_manifest_stays(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(5, 1, "");

    g_assert_cmpint(check(fixture, 200, "etag: \"a\"\n", good), <=, DAY);
    g_assert_null(fota_reader_get_error(fixture->reader));
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        gint64 wait;

        g_test_message("%u %s", answers[i].status, answers[i].body);
        wait = check(fixture, answers[i].status, "max-age: 31536000\n", answers[i].body);
        g_assert_cmpint(
            wait, <=, answers[i].soon && answers[i].status != 304 ? FOTA_SCHEDULE_MAX_RETRY : DAY);
        g_assert_nonnull(fota_accepted_get(fixture->accepted));
        g_assert_cmpint(fota_accepted_get(fixture->accepted)->sequence_number, ==, 5);
    }
}

/* Only a signed manifest that is accepted says how long it is fresh. */
static void
test_max_age(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(5, 1, "");
    g_autofree char *old = manifest(4, 1, "");
    g_autofree char *stranger = manifest(6, 3, "");

    g_assert_cmpint(check(fixture, 200, "max-age: 31536000\n", stranger), <=, DAY);
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    g_assert_cmpint(check(fixture, 200, "max-age: 259200\n", good), >, DAY);
    g_assert_cmpint(check(fixture, 200, "max-age: 0\n", good), <=, DAY);
    g_assert_cmpint(check(fixture, 200, "max-age: 259200\n", old), <=, DAY);
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_ROLLBACK);
}

/* The configuration is read again while the manifest is still on its way to the disk, and after its
 * key has been away. */
static void
test_trusted_anew(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(5, 1, "");
    g_autoptr(GBytes) file = g_bytes_new(good, strlen(good));
    FotaKeyring *keyring = fixture->context.keyring;

    g_assert_true(fota_accepted_take_file(fixture->accepted, file, NULL, NULL));
    fota_accepted_trust_anew(fixture->accepted);
    g_assert_nonnull(fota_accepted_get(fixture->accepted));
    fixture->context.keyring = test_sign_keyring(0);
    fota_accepted_trust_anew(fixture->accepted);
    g_assert_null(fota_accepted_get(fixture->accepted));
    fota_keyring_free(fixture->context.keyring);
    fixture->context.keyring = keyring;
    fota_accepted_trust_anew(fixture->accepted);
    g_assert_nonnull(fota_accepted_get(fixture->accepted));
}

/* Without a signature it moves no clock, even where the configuration accepts it. */
static void
test_unsigned_accepted(Fixture *fixture, gconstpointer data)
{
    g_autofree char *signed_one = manifest(5, 1, "");

    stop(fixture);
    configure(fixture, "[Manifest]\nUri=https://fota.example/{imei}.signed\n"
                       "RequireSignature=no\n");
    start(fixture);
    g_assert_cmpint(check(fixture, 200, "max-age: 259200\n", strchr(signed_one, '{')), <=, DAY);
    g_assert_null(fota_reader_get_error(fixture->reader));
    g_assert_null(fota_accepted_get(fixture->accepted)->signers);
}

/* Without end, and never further apart than half an hour, whatever the routes say. */
static void
test_asked_for_ever(Fixture *fixture, gconstpointer data)
{
    for (guint tries = 0; tries < 40; tries++) {
        gint64 wait = check(fixture, 0, "", "");

        g_assert_cmpint(wait, >, 0);
        g_assert_cmpint(wait, <=, tries == 0 ? 300 : FOTA_SCHEDULE_MAX_RETRY);
        expect_error(fixture, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE);
        now = (gint64)fota_poller_get_next_check(fixture->poller);
        g_assert_true(fota_poller_is_due(fixture->poller, NULL));
    }
    g_assert_cmpint(check(fixture, 404, "", ""), >, 0);
    g_assert_null(fota_reader_get_error(fixture->reader));
}

/* After the kernel reports a change the server is asked at once, and a storm of them costs little.
 */
static void
test_network_changes(Fixture *fixture, gconstpointer data)
{
    guint at_once = 0;

    check(fixture, 0, "", "");
    network_changed(watcher);
    g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller) - now, <=,
                    5 * G_TIME_SPAN_SECOND);
    for (guint i = 0; i < 100; i++) {
        check(fixture, 0, "", "");
        network_changed(watcher);
        at_once +=
            (gint64)fota_poller_get_next_check(fixture->poller) - now <= 5 * G_TIME_SPAN_SECOND;
    }
    g_assert_cmpuint(at_once, <=, 12);
    /* A server that has answered is left alone. */
    check(fixture, 404, "", "");
    network_changed(watcher);
    g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller) - now, >,
                    FOTA_SCHEDULE_MAX_RETRY * G_TIME_SPAN_SECOND);
}

/* A text message, before the answer or after it, brings no check before the time that it names. */
static void
test_push(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(1, 1, "");

    check(fixture, 200, "", good);
    fota_poller_push(fixture->poller);
    g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller), ==, now);
    g_assert_cmpint(check(fixture, 503, "retry-after: 1200\n", ""), >=, 1200);
    for (guint i = 0; i < 2; i++) {
        fota_poller_push(fixture->poller);
        fota_poller_schedule(fixture->poller, NULL);
        g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller) - now, >=,
                        1199 * G_TIME_SPAN_SECOND);
    }
}

/* Time that was seen stays seen: by the manifest at hand, by one that was refused, after a start.
 */
static void
test_expired_stays(Fixture *fixture, gconstpointer data)
{
    g_autofree char *first = manifest(1, 1, "");
    g_autofree char *second = manifest(2, 1, "");
    gint64 then = now;

    check(fixture, 200, "", first);
    g_assert_null(fota_reader_get_error(fixture->reader));
    now += 60 * DAY * G_USEC_PER_SEC;
    check(fixture, 304, "", "");
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
    fota_accepted_note_expired(fixture->accepted);
    check(fixture, 200, "", second);
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);

    now = then;
    for (guint starts = 0; starts < 2; starts++) {
        check(fixture, 200, "", first);
        expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
        check(fixture, 200, "", second);
        expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
        stop(fixture);
        start(fixture);
    }
}

/* A server that a manifest names gets no login that the configuration does not send there. */
static void
test_next_server(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *server;
        const char *credential; /* NULL = none */
        gboolean moves;
    } cases[] = {
        {"https://evil.example/x", NULL, FALSE},  {"https://evil.example/x", "web", FALSE},
        {"https://next.example/x", NULL, TRUE},   {"https://next.example/x", "web", FALSE},
        {"https://bound.example/x", "web", TRUE}, {"http://bound.example/x", "web", FALSE},
        {"https://bound.example/x", "fw", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *credential =
            cases[i].credential != NULL
                ? g_strdup_printf(",\"credential\":\"%s\"", cases[i].credential)
                : g_strdup("");
        g_autofree char *members = g_strdup_printf("\"poll\":{\"server\":{\"uri\":\"%s\"%s}},",
                                                   cases[i].server, credential);
        g_autofree char *text = manifest(i + 1, 1, members);

        stop(fixture);
        configure(fixture, "[Manifest]\nUri=https://fota.example/{imei}.signed\n"
                           "AllowedServers=next.example bound.example http://bound.example\n"
                           "[Credential web]\nServers=https://bound.example\n"
                           "[Credential fw]\nServers=https://fw.example\n");
        start(fixture);
        fota_record_set(&fota_keeper_get_record(fixture->keeper)->server, NULL);
        g_test_message("%s %s", cases[i].server, cases[i].credential);
        check(fixture, 200, "", text);
        g_assert_null(fota_reader_get_error(fixture->reader));
        g_assert_cmpint(g_str_equal(fota_poller_get_server(fixture->poller).uri, cases[i].server),
                        ==, cases[i].moves);
    }
}

static GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    ADD("/reader/unsigned-clocks", test_unsigned_clocks);
    ADD("/reader/manifest-stays", test_manifest_stays);
    ADD("/reader/max-age", test_max_age);
    ADD("/reader/trusted-anew", test_trusted_anew);
    ADD("/reader/unsigned-accepted", test_unsigned_accepted);
    ADD("/reader/asked-for-ever", test_asked_for_ever);
    ADD("/reader/network-changes", test_network_changes);
    ADD("/reader/push", test_push);
    ADD("/reader/expired-stays", test_expired_stays);
    ADD("/reader/next-server", test_next_server);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    return g_test_run();
}
