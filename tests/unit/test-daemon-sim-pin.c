/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-sim-pin.h"
#include "plugins/fota-plugin.h"

/* Each start of a module is one attempt at most, whenever its record is on disk: a SIM has three.
 */

static GQueue saves = G_QUEUE_INIT; /* GTask, of records that are being written */
static GString *sent;               /* objects that the PIN was sent to, with blanks between */
static gboolean refuses;            /* the SIM does */
static gboolean missing;            /* the credential is */

void __wrap_fota_store_save_async(FotaStore *store, const FotaRecord *record, GBytes *manifest,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean __wrap_fota_store_save_finish(FotaStore *store, GAsyncResult *result, GError **error);
char *__wrap_fota_credential_read_pin(const char *file, GError **error);
void __wrap_fota_mm_send_pin_async(FotaMm *mm, const char *path, const char *pin,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean __wrap_fota_mm_send_pin_finish(FotaMm *mm, GAsyncResult *result, GError **error);

void
__wrap_fota_store_save_async(FotaStore *store, const FotaRecord *record, GBytes *manifest,
                             GAsyncReadyCallback callback, gpointer user_data)
{
    g_queue_push_tail(&saves, g_task_new(NULL, NULL, callback, user_data));
}

gboolean
__wrap_fota_store_save_finish(FotaStore *store, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

char *
__wrap_fota_credential_read_pin(const char *file, GError **error)
{
    if (!missing)
        return g_strdup("1234");
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_PIN_REQUIRED, "/pin is not there");
    return NULL;
}

void
__wrap_fota_mm_send_pin_async(FotaMm *mm, const char *path, const char *pin,
                              GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, user_data);

    g_string_append_printf(sent, "%s ", path);
    if (refuses)
        g_task_return_new_error(task, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "no");
    else
        g_task_return_boolean(task, TRUE);
}

gboolean
__wrap_fota_mm_send_pin_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
on_changed(gpointer object)
{
}

static void
see(FotaSimPin *pin, const char *path, const char *start)
{
    const FotaModemFacts facts = {
        .path = (char *)path, .start = (char *)start, .pin_wanted = TRUE, .pin_attempts = 3};

    fota_sim_pin_look(pin, NULL, &facts, "/pin");
}

static void
write_record(void)
{
    g_autoptr(GTask) task = g_queue_pop_head(&saves);

    g_task_return_boolean(task, TRUE);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
fail_record(void)
{
    g_autoptr(GTask) task = g_queue_pop_head(&saves);

    g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE, "no space left");
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
test_restarts(void)
{
    g_autoptr(GObject) object = g_object_new(G_TYPE_OBJECT, NULL);
    const FotaPartOwner owner = {object, on_changed};
    FotaRecord *record = fota_record_new("353081090012345");
    FotaSimPin *pin = fota_sim_pin_new(NULL, record, &owner);

    sent = g_string_new(NULL);
    see(pin, "/a", "1");
    see(pin, "/a", "1");
    g_assert_cmpuint(saves.length, ==, 1);
    /* It restarts while the first attempt is being written. */
    see(pin, "/b", "2");
    g_assert_cmpuint(saves.length, ==, 1);
    write_record();
    g_assert_cmpstr(sent->str, ==, "");
    see(pin, "/b", "2");
    write_record();
    g_assert_cmpstr(sent->str, ==, "/b ");
    see(pin, "/b", "2");
    g_assert_cmpuint(saves.length, ==, 0);
    /* It starts once more, and wants no PIN then. */
    see(pin, "/c", "3");
    fota_sim_pin_look(pin, NULL, &(FotaModemFacts){.path = (char *)"/d", .start = (char *)"4"},
                      "/pin");
    write_record();
    g_assert_cmpstr(sent->str, ==, "/b ");
    /* ModemManager restarts, which is no start of the module. */
    see(pin, "/e", "5");
    see(pin, "/f", "5");
    write_record();
    g_assert_cmpstr(sent->str, ==, "/b /f ");
    g_string_free(sent, TRUE);
    fota_sim_pin_free(pin);
    fota_record_free(record);
}

/* The configuration is read again while the first attempt is being written: only the next one is
 * made, and it knows that the one before it, if it was made, is not in ModemManager's count. */
static void
test_reload(void)
{
    g_autoptr(GObject) object = g_object_new(G_TYPE_OBJECT, NULL);
    const FotaPartOwner owner = {object, on_changed};
    FotaRecord *record = fota_record_new("353081090012345");
    FotaSimPin *pin = fota_sim_pin_new(NULL, record, &owner);
    int attempts;

    sent = g_string_new(NULL);
    see(pin, "/a", "1");
    fota_sim_pin_forget(pin);
    see(pin, "/a", "1");
    g_assert_cmpuint(saves.length, ==, 1);
    write_record();
    g_assert_cmpstr(sent->str, ==, "");
    see(pin, "/a", "1");
    refuses = TRUE;
    write_record();
    g_assert_cmpstr(sent->str, ==, "/a ");
    /* The second one is refused as well, and leaves one attempt: nothing is made of that. */
    fota_sim_pin_forget(pin);
    see(pin, "/a", "1");
    write_record();
    g_assert_cmpstr(sent->str, ==, "/a /a ");
    fota_sim_pin_forget(pin);
    see(pin, "/a", "1");
    g_assert_cmpuint(saves.length, ==, 0);
    g_assert_true(fota_sim_pin_take_news(pin, &attempts));
    g_assert_cmpint(attempts, ==, 1);
    refuses = FALSE;
    g_string_free(sent, TRUE);
    fota_sim_pin_free(pin);
    fota_record_free(record);
}

static void
assert_error_says(FotaSimPin *pin, const char *text)
{
    const GError *error = fota_sim_pin_get_error(pin);

    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_PIN_REQUIRED);
    g_assert_nonnull(strstr(error->message, text));
}

/* What was not entered is not taken for entered: fotad says what is wrong, and goes on once it is
 * not.
 */
static void
test_not_entered(void)
{
    g_autoptr(GObject) object = g_object_new(G_TYPE_OBJECT, NULL);
    const FotaPartOwner owner = {object, on_changed};
    FotaRecord *record = fota_record_new("353081090012345");
    FotaSimPin *pin = fota_sim_pin_new(NULL, record, &owner);

    sent = g_string_new(NULL);
    missing = TRUE;
    see(pin, "/a", "1");
    g_assert_cmpuint(saves.length, ==, 0);
    g_assert_cmpstr(record->pin_tried, ==, "");
    assert_error_says(pin, "/pin is not there");
    missing = FALSE;
    see(pin, "/a", "1");
    g_assert_cmpuint(saves.length, ==, 1);
    /* The modem object has gone when the attempt is on disk, and comes back of the same start. */
    fota_sim_pin_look(pin, NULL, NULL, "/pin");
    write_record();
    see(pin, "/b", "1");
    g_assert_cmpuint(saves.length, ==, 1);
    fail_record();
    see(pin, "/b", "1");
    g_assert_cmpuint(saves.length, ==, 0);
    assert_error_says(pin, "no space left");
    see(pin, "/c", "2");
    write_record();
    g_assert_cmpstr(sent->str, ==, "/c ");
    g_string_free(sent, TRUE);
    fota_sim_pin_free(pin);
    fota_record_free(record);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_test_add_func("/sim-pin/restarts", test_restarts);
    g_test_add_func("/sim-pin/reload", test_reload);
    g_test_add_func("/sim-pin/not-entered", test_not_entered);
    return g_test_run();
}
