/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/fota-cache.h"
#include "daemon/fota-delta.h"
#include "daemon/fota-error.h"
#include "tests/unit/fake-socket.h"

#define TEXT "the delta from A to B"
#define SIZE (sizeof TEXT - 1)
#define HALF 10
#define FIRST "the delta "
#define SECOND "from A to B"

/* What a fotad-fetch answers. */
#define ALL "status: 200\n\nlength: 21\n\n" TEXT "end: 21\n\n"
#define REST "status: 206\nrange: 10\n\nlength: 11\n\n" SECOND "end: 11\n\n"
#define CUT "status: 200\n\nlength: 10\n\n" FIRST
#define OTHER "status: 200\n\nlength: 21\n\nthe delta from X to Yend: 21\n\n"
#define OTHER_REST "status: 206\nrange: 10\n\nlength: 11\n\nfrom X to Yend: 11\n\n"
#define SHORT "status: 200\n\nlength: 10\n\n" FIRST "end: 10\n\n"
#define LONG "status: 200\n\nlength: 21\n\n" TEXT "length: 1\n\n!end: 22\n\n"
#define STATUS(code) "status: " code "\n\nend: 0\n\n"
#define FAULT(name) "error: " name "\ntext: because of " name "\n\n"

int __real_g_unlink(const char *file);
int __wrap_g_unlink(const char *file);

static gboolean stays; /* whatever is to be deleted */

int
__wrap_g_unlink(const char *file)
{
    errno = EROFS;
    return stays ? -1 : __real_g_unlink(file);
}

/* One for each session, one after the other. */
typedef struct {
    char *state;
    char *socket;
    int listener;
    const char *const *answers;
    guint sessions;
    GString *ranges; /* asked for, with blanks between */
    GThread *thread;
    FotaContext context;
    GString *reported;
} Fixture;

static gpointer
serve(gpointer data)
{
    Fixture *self = data;

    for (guint i = 0; self->answers[i] != NULL; i++) {
        int fd = accept(self->listener, NULL, NULL);
        g_autoptr(GString) heard = g_string_new(NULL);
        const char *range;
        char chunk[4096];
        gssize length;

        g_assert_cmpint(fd, >=, 0);
        while (strstr(heard->str, "timeout: ") == NULL || !g_str_has_suffix(heard->str, "\n\n")) {
            length = read(fd, chunk, sizeof chunk);
            if (length <= 0)
                break;
            g_string_append_len(heard, chunk, length);
        }
        range = strstr(heard->str, "range: ");
        g_string_append_printf(self->ranges, "%d ", range != NULL ? atoi(range + 7) : 0);
        self->sessions++;
        g_assert_cmpint(send(fd, self->answers[i], strlen(self->answers[i]), MSG_NOSIGNAL), >, 0);
        close(fd);
    }
    return NULL;
}

static void
set_up(Fixture *self, const char *text, const char *const *answers)
{
    g_autoptr(GError) error = NULL;

    self->state = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    self->socket = g_build_filename(self->state, "fetch", NULL);
    self->answers = answers;
    self->ranges = g_string_new(NULL);
    self->reported = g_string_new(NULL);
    self->listener = fake_socket_listen(self->socket);
    self->thread = g_thread_new("serve", serve, self);
    self->context.cache = fota_cache_new(self->state);
    self->context.fetch_socket = self->socket;
    self->context.config = fota_config_new("/nowhere/fotad.conf", NULL);
    g_assert_true(fota_config_take(self->context.config, "fotad.conf", text, NULL, &error));
}

static void
tear_down(Fixture *self)
{
    g_autofree char *directory = g_build_filename(self->state, "deltas", NULL);

    g_thread_join(self->thread);
    close(self->listener);
    g_unlink(self->socket);
    fota_cache_sweep(self->context.cache);
    fota_cache_free(self->context.cache);
    fota_config_unref(self->context.config);
    g_rmdir(directory);
    g_assert_cmpint(g_rmdir(self->state), ==, 0);
    g_free(self->state);
    g_free(self->socket);
    g_string_free(self->ranges, TRUE);
    g_string_free(self->reported, TRUE);
}

typedef struct {
    Fixture *self;
    GAsyncResult *result;
} Wait;

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    ((Wait *)user_data)->result = g_object_ref(result);
}

static void
take_progress(guint64 received, guint64 total, gpointer user_data)
{
    Wait *wait = user_data;

    g_string_append_printf(wait->self->reported, "%" G_GUINT64_FORMAT " ", received);
}

static gboolean
fetch(Fixture *self, const FotaDelta *delta, guint64 *spent, GError **error)
{
    Wait wait = {.self = self};
    const FotaDeltaRequest request = {
        .context = &self->context,
        .imei = "353081090012345",
        .delta = delta,
        .progress = take_progress,
    };
    gboolean good;

    fota_delta_fetch_async(&request, NULL, take_result, &wait);
    while (wait.result == NULL)
        g_main_context_iteration(NULL, TRUE);
    good = fota_delta_fetch_finish(wait.result, spent, error);
    g_object_unref(wait.result);
    return good;
}

#define ERROR(name) .domain = fota_error_quark, .code = FOTA_ERROR_##name
#define MODULE_ERROR(name) .domain = fota_module_error_quark, .code = FOTA_MODULE_ERROR_##name

#define DIRECTORY "[Delivery]\nDirectory=/media\n"

/* The answers of one fetch after the other of the same delta, with what is there in between. */
static const struct {
    const char *name;
    const char *answers[5];
    gboolean no_digest, no_size;
    gboolean fails_first; /* the first fetch fails, and a second one follows */
    gboolean fails_again; /* that one, too, and a third one follows */
    gboolean stays;       /* what has come cannot be deleted during the last one */
    const char *uri[3];
    const char *ranges;
    guint64 spent; /* by the last one */
    GQuark (*domain)(void);
    int code; /* of the last one; 0 = it is there */
} cases[] = {
    {"all", {ALL}, .ranges = "0 ", .spent = 21},
    {"resumed", {CUT, REST}, .fails_first = TRUE, .ranges = "0 10 ", .spent = 11},
    /* Nothing would show that the parts are of two files. */
    {"no digest",
     {CUT, ALL},
     .no_digest = TRUE,
     .fails_first = TRUE,
     .ranges = "0 0 ",
     .spent = 21},
    {"no digest and no size",
     {ALL},
     .no_digest = TRUE,
     .no_size = TRUE,
     .ranges = "0 ",
     .spent = 21},
    {"server without range", {CUT, ALL}, .fails_first = TRUE, .ranges = "0 10 ", .spent = 21},
    {"server that cannot seek",
     {CUT, FAULT("BadAnswer"), ALL},
     .fails_first = TRUE,
     .ranges = "0 10 0 ",
     .spent = 21},
    /* It can begin there, and what was there before stays. */
    {"breaks its protocol later",
     {CUT, "status: 206\nrange: 10\n\n" FAULT("BadAnswer")},
     .fails_first = TRUE,
     .ranges = "0 10 ",
     MODULE_ERROR(DELTA_SERVER_UNREACHABLE)},
    {"past the end",
     {CUT, STATUS("416"), ALL},
     .fails_first = TRUE,
     .ranges = "0 10 0 ",
     .spent = 21},
    /* Nothing is fetched twice where its size is not known. */
    {"whole already",
     {CUT, "status: 206\nrange: 10\n\nlength: 11\n\n" SECOND, STATUS("416")},
     .no_size = TRUE,
     .fails_first = TRUE,
     .fails_again = TRUE,
     .ranges = "0 10 21 "},
    /* The half that was there is of another file. */
    {"resumed another",
     {"status: 200\n\nlength: 10\n\nanother on", REST, ALL},
     .fails_first = TRUE,
     .ranges = "0 10 0 ",
     .spent = 32},
    {"wrong digest", {OTHER}, .ranges = "0 ", .spent = 21, ERROR(BAD_DELTA)},
    {"short", {SHORT}, .ranges = "0 ", .spent = 10, ERROR(BAD_DELTA)},
    {"grows", {FAULT("TooLarge")}, .ranges = "0 ", ERROR(BAD_DELTA)},
    {"more than was said", {LONG}, .ranges = "0 ", MODULE_ERROR(DELTA_SERVER_UNREACHABLE)},
    {"missing", {STATUS("404")}, .ranges = "0 ", MODULE_ERROR(DELTA_MISSING)},
    {"refused", {STATUS("401")}, .ranges = "0 ", MODULE_ERROR(DELTA_LOGIN_REFUSED)},
    {"unreachable", {FAULT("Unreachable")}, .ranges = "0 ", MODULE_ERROR(DELTA_SERVER_UNREACHABLE)},
    {"second address",
     {OTHER, ALL},
     .uri = {"https://h/a", "https://i/a"},
     .ranges = "0 0 ",
     .spent = 42},
    {"second goes on",
     {CUT, REST},
     .uri = {"https://h/a", "https://i/a"},
     .ranges = "0 10 ",
     .spent = 21},
    /* What has come stays, and goes on later. */
    {"second missing",
     {CUT, STATUS("404")},
     .uri = {"https://h/a", "https://i/a"},
     .ranges = "0 10 ",
     .spent = 10,
     MODULE_ERROR(TRANSFER_FAILED)},
    /* But not what is another file with what the second has. */
    {"second wrong",
     {CUT, OTHER_REST, OTHER},
     .uri = {"https://h/a", "https://i/a"},
     .ranges = "0 10 0 ",
     .spent = 42,
     MODULE_ERROR(TRANSFER_FAILED)},
    /* As where the filesystem has become read-only: nothing can come in its place. */
    {"wrong and stays",
     {CUT, OTHER_REST},
     .fails_first = TRUE,
     .stays = TRUE,
     .ranges = "0 10 ",
     .spent = 11,
     ERROR(NO_SPACE)},
    {"cut and stays",
     {CUT, FAULT("BadAnswer")},
     .fails_first = TRUE,
     .stays = TRUE,
     .ranges = "0 10 ",
     ERROR(NO_SPACE)},
    {"grows and stays", {FAULT("TooLarge")}, .stays = TRUE, .ranges = "0 ", ERROR(NO_SPACE)},
    {"last error",
     {STATUS("404"), FAULT("Unreachable")},
     .uri = {"https://h/a", "https://i/a"},
     .ranges = "0 0 ",
     MODULE_ERROR(DELTA_SERVER_UNREACHABLE)},
    {"file", {ALL}, .uri = {"file:///media/a"}, .ranges = "0 "},
    {"file elsewhere",
     {NULL},
     .uri = {"file:///etc/passwd"},
     .ranges = "",
     MODULE_ERROR(NOT_SUPPORTED)},
    {"file elsewhere, and a server",
     {ALL},
     .uri = {"file:///etc/passwd", "https://h/a"},
     .ranges = "0 ",
     .spent = 21},
};

/* What was reported last, if anything was, is what is there: a cut fetch goes on by that. */
static void
assert_reported(Fixture *self, const char *key)
{
    g_auto(GStrv) reported = g_strsplit(g_strchomp(self->reported->str), " ", -1);
    guint n = g_strv_length(reported);

    if (n > 0)
        g_assert_cmpuint(g_ascii_strtoull(reported[n - 1], NULL, 10), ==,
                         fota_cache_get_bytes(self->context.cache, key));
}

static void
test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, TEXT, -1);
    FotaDelta delta = {.uri = {"https://h/a"},
                       .size = cases[i].no_size ? 0 : SIZE,
                       .sha256 = cases[i].no_digest ? NULL : sha256};
    g_autofree char *key = NULL;
    g_autoptr(GError) error = NULL;
    Fixture self = {0};
    guint64 spent;

    for (guint j = 0; cases[i].uri[j] != NULL; j++)
        delta.uri[j] = cases[i].uri[j];
    key = fota_delivery_make_key(&delta);
    set_up(&self, DIRECTORY, cases[i].answers);
    if (cases[i].fails_first) {
        g_assert_false(fetch(&self, &delta, &spent, NULL));
        g_assert_cmpuint(fota_cache_get_bytes(self.context.cache, key), ==, HALF);
    }
    if (cases[i].fails_again)
        g_assert_false(fetch(&self, &delta, &spent, NULL));
    stays = cases[i].stays;
    g_assert_cmpint(fetch(&self, &delta, &spent, &error), ==,
                    cases[i].code == 0 && !cases[i].domain);
    stays = FALSE;
    if (cases[i].domain != NULL)
        g_assert_error(error, cases[i].domain(), cases[i].code);
    g_assert_cmpstr(self.ranges->str, ==, cases[i].ranges);
    g_assert_cmpuint(spent, ==, cases[i].spent);
    g_assert_cmpint(fota_cache_has(self.context.cache, key), ==, cases[i].domain == NULL);
    assert_reported(&self, key);
    /* What is there is not fetched again. */
    if (cases[i].domain == NULL)
        g_assert_true(fetch(&self, &delta, &spent, NULL));
    tear_down(&self);
}

static void
test_room(void)
{
    static const char *const nothing[] = {NULL};
    const FotaDelta delta = {.uri = {"https://h/a"}, .size = 1001};
    g_autoptr(GError) error = NULL;
    Fixture self = {0};
    guint64 spent;

    set_up(&self, "[Delivery]\nCacheSize=1000\n", nothing);
    g_assert_false(fetch(&self, &delta, &spent, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE);
    tear_down(&self);
}

/* Where a file may not grow beyond a byte, as where the disk is full: nothing is called whole. */
static void
test_disk_full(void)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, TEXT, -1);
    const FotaDelta delta = {.uri = {"https://h/a"}, .size = SIZE, .sha256 = sha256};
    static const char *const answers[] = {ALL, ALL, NULL};
    struct rlimit before, small;
    Fixture self = {0};
    guint64 spent;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t size = 0; size < SIZE; size++) {
        g_autoptr(GError) error = NULL;

        self = (Fixture){0};
        set_up(&self, "", &answers[1]);
        small = (struct rlimit){size, before.rlim_max};
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
        g_assert_false(fetch(&self, &delta, &spent, &error));
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE);
        g_assert_false(fota_cache_has(self.context.cache, sha256));
        g_assert_cmpuint(fota_cache_get_bytes(self.context.cache, sha256), <=, size);
        tear_down(&self);
    }
}

/* Two modules that want the same delta: what one fetches serves both, and they do not mix. */
static void
test_at_once(void)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, TEXT, -1);
    const FotaDelta delta = {.uri = {"https://h/a"}, .size = SIZE, .sha256 = sha256};
    static const char *const answers[] = {ALL, NULL};
    Fixture self = {0};
    Wait first = {.self = &self};
    guint64 spent;
    const FotaDeltaRequest request = {
        .context = &self.context, .imei = "353081090012345", .delta = &delta};
    g_autoptr(GError) error = NULL;

    set_up(&self, "", answers);
    fota_delta_fetch_async(&request, NULL, take_result, &first);
    g_assert_false(fetch(&self, &delta, &spent, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BUSY);
    while (first.result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_delta_fetch_finish(first.result, &spent, NULL));
    g_object_unref(first.result);
    g_assert_true(fetch(&self, &delta, &spent, NULL));
    g_assert_cmpuint(spent, ==, 0);
    tear_down(&self);
}

/* Reload() comes while the mark of the fetch is written: what is configured then holds. */
static void
test_reloaded(void)
{
    const FotaDelta delta = {.uri = {"file:///media/a"}, .size = SIZE};
    static const char *const answers[] = {ALL, NULL};
    Fixture self = {0};
    Wait wait = {.self = &self};
    guint64 spent;
    const FotaDeltaRequest request = {
        .context = &self.context, .imei = "353081090012345", .delta = &delta};

    set_up(&self, "", answers);
    fota_config_unref(self.context.config);
    self.context.config = fota_config_new("/nowhere/fotad.conf", NULL);
    g_assert_true(fota_config_take(self.context.config, "fotad.conf", DIRECTORY, NULL, NULL));
    fota_delta_fetch_async(&request, NULL, take_result, &wait);
    while (wait.result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_delta_fetch_finish(wait.result, &spent, NULL));
    g_object_unref(wait.result);
    tear_down(&self);
}

/* However often it goes on, a delta whose size nobody knows stays within the cache. */
static void
test_room_resumed(void)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, TEXT, -1);
    const FotaDelta delta = {.uri = {"https://h/a"}, .sha256 = sha256};
    static const char *const answers[] = {CUT, REST, NULL};
    g_autoptr(GError) error = NULL;
    Fixture self = {0};
    guint64 spent;

    set_up(&self, "[Delivery]\nCacheSize=20\n", answers);
    g_assert_false(fetch(&self, &delta, &spent, NULL));
    g_assert_false(fetch(&self, &delta, &spent, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE);
    g_assert_cmpuint(fota_cache_get_bytes(self.context.cache, sha256), <=, 20);
    tear_down(&self);
}

static void
test_progress(void)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, TEXT, -1);
    const FotaDelta delta = {.uri = {"https://h/a"}, .size = SIZE, .sha256 = sha256};
    static const char *const answers[] = {CUT, REST, NULL};
    Fixture self = {0};
    guint64 spent;

    set_up(&self, "", answers);
    g_assert_false(fetch(&self, &delta, &spent, NULL));
    g_assert_true(fetch(&self, &delta, &spent, NULL));
    g_assert_cmpstr(self.reported->str, ==, "0 10 10 10 21 ");
    tear_down(&self);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/delta/%s", cases[i].name);

        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/delta/room", test_room);
    g_test_add_func("/delta/room-resumed", test_room_resumed);
    g_test_add_func("/delta/disk-full", test_disk_full);
    g_test_add_func("/delta/at-once", test_at_once);
    g_test_add_func("/delta/reloaded", test_reloaded);
    g_test_add_func("/delta/progress", test_progress);
    return g_test_run();
}
