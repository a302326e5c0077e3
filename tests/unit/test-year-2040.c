/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Life after 19 January 2038, when 32 bits of seconds are used up. ./check cross runs this where
 * Debian's own libraries still have no more than those.
 */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl-format.h"
#include "base/fota-wait.h"
#include "daemon/fota-store.h"
#include "policy/fota-budget.h"
#include "base/fota-clock.h"
#include "policy/fota-csv.h"
#include "policy/fota-poll.h"
#include "base/fota-text.h"
#include "policy/fota-window.h"
#include "test-policy-sign.h"

#define IMEI "353081090012345"
#define NOW "2040-07-14T12:00:00Z" /* a Saturday */

static gint64
moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

/*
 * The program's own come before libc's, also for the libraries: it is 2040, and what counts in 32
 * bits fails as libc's does.
 */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock == CLOCK_REALTIME) {
        *now = (struct timespec){.tv_sec = moment(NOW) / G_USEC_PER_SEC};
        return 0;
    }
#ifdef SYS_clock_gettime64
    return (int)syscall(SYS_clock_gettime64, clock, now);
#else
    return (int)syscall(SYS_clock_gettime, clock, now);
#endif
}

static void
test_clock(void)
{
    g_assert_cmpuint(sizeof(time_t), ==, 8);
    g_assert_cmpint(fota_clock_now(), ==, moment(NOW));
}

static void
test_text(void)
{
    g_autofree char *text = fota_text_format_time(moment(NOW));
    g_autofree char *shown = ctl_format_time((guint64)moment(NOW));

    g_assert_cmpstr(text, ==, NOW);
    g_assert_true(g_str_has_prefix(shown, "2040-07-14"));
}

static void
assert_opens(const char *use_before, gboolean opens)
{
    g_autofree char *text = g_strdup_printf("{\"manifestVersion\":1,\"sequenceNumber\":1,"
                                            "\"issued\":\"2040-07-13T00:00:00Z\","
                                            "\"useBefore\":\"%s\","
                                            "\"target\":{\"imei\":[\"" IMEI "\"]},\"update\":{}}",
                                            use_before);
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, text);
    const FotaTrustFacts facts = {
        .imei = IMEI, .model = "ME910C1-NA", .now = fota_clock_now(), .keyring = keyring};
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = fota_trust_open(file, TRUE, &facts, &error);

    g_assert_true((manifest != NULL) == opens);
    if (opens)
        g_assert_cmpint(manifest->use_before, ==, moment(use_before));
}

static void
test_manifest(void)
{
    assert_opens("2040-08-14T00:00:00Z", TRUE);
    assert_opens("2040-07-14T00:00:00Z", FALSE);
}

static void
test_window(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GError) error = NULL;
    FotaWindow window;

    g_assert_true(fota_window_parse("Sun 02:00-04:00 Europe/Berlin", &window, &error));
    g_assert_no_error(error);
    g_assert_cmpint(fota_window_next(&window, 1, utc, moment(NOW), 60, 0), ==,
                    moment("2040-07-15T00:00:00Z"));
    g_assert_cmpint(fota_window_next(&window, 1, utc, moment("2040-12-01T00:00:00Z"), 60, 0), ==,
                    moment("2040-12-02T01:00:00Z"));
}

static void
test_poll(void)
{
    FotaPollFacts facts = {.imei = IMEI, .interval = 86400, .now = moment(NOW)};
    gint64 next;

    facts.last_check = facts.now - G_TIME_SPAN_HOUR;
    next = fota_poll_next(&facts);
    g_assert_cmpint(next, >=, facts.now);
    g_assert_cmpint(next, <=, facts.now + G_TIME_SPAN_DAY);
    g_assert_cmpint(fota_budget_next_month(facts.now), ==, moment("2040-08-01T00:00:00Z"));
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static void
wait_saved(FotaStore *store, GAsyncResult **result)
{
    g_autoptr(GError) error = NULL;

    while (*result == NULL)
        g_main_context_iteration(NULL, TRUE);
    fota_store_save_finish(store, *result, &error);
    g_assert_no_error(error);
    g_clear_object(result);
}

static void
test_store(void)
{
    static const char *const files[] = {IMEI ".json", IMEI ".json.prev", IMEI ".checked"};
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    FotaStore *store = fota_store_new(directory, NULL);
    g_autoptr(FotaRecord) record = fota_record_new(IMEI);
    g_autoptr(FotaRecord) loaded = NULL;
    GAsyncResult *result = NULL;

    record->last_attempt = (guint64)moment(NOW);
    fota_store_save_async(store, record, NULL, take_result, &result);
    wait_saved(store, &result);
    loaded = fota_store_load(store, IMEI, NULL);
    g_assert_cmpuint(loaded->last_attempt, ==, record->last_attempt);

    fota_store_save_check_time_async(store, IMEI, moment(NOW), take_result, &result);
    wait_saved(store, &result);
    g_assert_cmpint(fota_store_load_check_time(store, IMEI), ==, moment(NOW));
    fota_store_free(store);
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);

        unlink(path);
    }
    rmdir(directory);
}

/* A limit of more seconds than 31 bits hold is far away, not past. */
static void
test_timer(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    struct pollfd none;

    g_cancellable_cancel(cancellable);
    g_assert_cmpint(fota_wait(&none, 0, fota_deadline_in(G_MAXUINT), cancellable, &error), ==,
                    FOTA_WAIT_FAILED);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/year-2040/clock", test_clock);
    g_test_add_func("/year-2040/text", test_text);
    g_test_add_func("/year-2040/manifest", test_manifest);
    g_test_add_func("/year-2040/window", test_window);
    g_test_add_func("/year-2040/poll", test_poll);
    g_test_add_func("/year-2040/store", test_store);
    g_test_add_func("/year-2040/timer", test_timer);
    return g_test_run();
}
