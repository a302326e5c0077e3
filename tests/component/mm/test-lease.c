/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/component/mm/fake-host.h"

/* What a lease takes from the host, and how the host gets it back. */

/* Every bearer, not the first one; with what it was connected by, and without its old profile. */
static void
test_two_bearers(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_MODULE);
    g_assert_cmpstr(f->calls->str, ==, "inhibit 1\n");
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\nconnect two Secr3t -1\n");
}

/* The same where ModemManager keeps the module. */
static void
test_bearers_alone(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_BEARERS);
    g_assert_cmpstr(f->calls->str, ==, "disconnect\ndisconnect\n");
    g_assert_true(f->here);
    take_well(f, FOTA_LEASE_MODULE);
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpuint(f->bearers->len, ==, 2);
}

static void
test_killed(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_MODULE);
    stop_fotad(f);
    g_assert_true(is_owed(f));
    start_fotad(f);
    UNTIL(!is_owed(f));
    g_assert_cmpuint(f->bearers->len, ==, 2);
}

/* The next update takes the module before all is given back: it is after that one. */
static void
test_killed_and_taken_again(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    stop_fotad(f);
    f->fails = TRUE;
    start_fotad(f);
    UNTIL(f->here);
    take_well(f, FOTA_LEASE_MODULE);
    f->fails = FALSE;
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");
}

static void
test_not_writable(Fixture *f, gconstpointer data)
{
    g_autofree char *inside = g_build_filename(f->file, "inside", NULL);

    add_call(f, "one");
    g_assert_cmpint(g_mkdir(f->file, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(inside, 0700), ==, 0);
    wait_shown(f);
    for (guint wants = 0; wants < 4; wants++) {
        take(f, (FotaLeaseWants)wants);
        UNTIL(f->taken);
        g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE);
    }
    g_assert_cmpstr(f->calls->str, ==, "");
    g_rmdir(inside);
}

static void
test_refused(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    f->refuses = TRUE;
    wait_shown(f);
    take(f, FOTA_LEASE_MODULE);
    UNTIL(f->taken);
    g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 1\n");
}

/* Whoever waits is told at once; ModemManager's answer comes later, and is given back. */
static void
test_given_back_while_taken(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    f->slow = TRUE;
    wait_shown(f);
    take(f, FOTA_LEASE_MODULE);
    UNTIL(f->held != NULL);
    give_back(f);
    g_assert_false(f->taken);
    UNTIL(f->taken);
    g_assert_error(f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    answer_held(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");
}

/* ModemManager takes longer to disable the modem than fotad waits: what it then has is given back.
 */
static void
test_taken_late(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    f->slow = TRUE;
    wait_shown(f);
    take(f, FOTA_LEASE_MODULE);
    UNTIL(f->taken);
    g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT);
    g_assert_true(is_owed(f));
    g_string_truncate(f->calls, 0);
    answer_held(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");
}

/* The next update wants the module while it is being given back, and is cancelled; ModemManager
 * then does not take it back at once. */
static void
test_retaken_and_cancelled(Fixture *f, gconstpointer data)
{
    take_well(f, FOTA_LEASE_MODULE);
    f->keeps = TRUE;
    give_back(f);
    UNTIL(f->held != NULL);
    take(f, FOTA_LEASE_MODULE);
    fota_lease_give_back(f->mm, IMEI);
    UNTIL(f->taken);
    f->keeps = FALSE;
    refuse_call(g_steal_pointer(&f->held), MM_CORE_ERROR_UNAUTHORIZED);
    UNTIL(f->here);
}

/* Somebody disconnects while the data call is given back: an error like any other. */
static void
test_cancelled_by_host(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    f->cancels = TRUE;
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\nconnect one Secr3t -1\n");
    take_well(f, FOTA_LEASE_NOTHING);
}

/* Whether ModemManager has given a device up is not asked where it shows a modem, which the
 * question would take from the host. */
static void
test_lost(Fixture *f, gconstpointer data)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();

    wait_shown(f);
    ask_lost(f, NULL);
    UNTIL(f->taken);
    g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_BUSY);
    g_assert_cmpstr(f->calls->str, ==, "");

    hide_module(f);
    UNTIL(!f->here);
    f->probing = TRUE;
    ask_lost(f, NULL);
    UNTIL(f->taken);
    g_assert_no_error(f->error);

    f->probing = FALSE;
    f->slow = TRUE;
    ask_lost(f, cancellable);
    UNTIL(f->held != NULL);
    g_cancellable_cancel(cancellable);
    UNTIL(f->taken);
    g_assert_error(f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_string_truncate(f->calls, 0);
    answer_held(f);
    UNTIL(f->here);
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\n");
}

/* What is not told of a data call is not "down": nothing is taken without a debt. */
static void
test_not_told(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    g_dbus_interface_skeleton_unexport(f->bearers->pdata[0]);
    wait_shown(f);
    take(f, FOTA_LEASE_MODULE);
    UNTIL(f->taken);
    g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT);
    g_assert_cmpstr(f->calls->str, ==, "");
    g_ptr_array_set_size(f->bearers, 0);
}

static void
test_somebody_was_quicker(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_BEARERS);
    add_call(f, "ONE");
    wait_shown(f);
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "connect two Secr3t -1\n");
}

static void
test_enabled(Fixture *f, gconstpointer data)
{
    mm_gdbus_modem_set_state(f->modem, MM_MODEM_STATE_REGISTERED);
    take_well(f, FOTA_LEASE_MODULE);
    g_assert_true(is_owed(f));
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nenable 1\n");
}

static void
test_disabled(Fixture *f, gconstpointer data)
{
    take_well(f, FOTA_LEASE_MODULE);
    g_assert_false(is_owed(f));
    f->here = FALSE;
    give_back(f);
    UNTIL(f->here);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\n");
}

/* It is owed until it is given back, and tried again as soon as the module returns. */
static void
test_tried_again(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    f->fails = TRUE;
    give_back(f);
    UNTIL(strstr(f->calls->str, "connect") != NULL);
    f->fails = FALSE;
    hide_module(f);
    UNTIL(!f->here);
    g_assert_true(is_owed(f));
    show_module(f);
    UNTIL(!is_owed(f));
    g_assert_cmpuint(f->bearers->len, ==, 1);
}

/* A file that is none is left for somebody to look at, and hinders nothing. */
static void
test_damaged(Fixture *f, gconstpointer data)
{
    static const char *const texts[] = {"", "{", "{}", "{\"enabled\": 1}",
                                        "{\"enabled\": true, \"bearers\": [\"no\"]}"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        stop_fotad(f);
        g_assert_true(g_file_set_contents(f->file, texts[i], -1, NULL));
        start_fotad(f);
        UNTIL(f->here);
    }
    take_well(f, FOTA_LEASE_NOTHING);
}

/* ModemManager is there and does not answer the first time: it is asked again. */
static void
test_asked_again(Fixture *f, gconstpointer data)
{
    UNTIL(warned);
    g_assert_false(f->here);
    show_objects(f);
    UNTIL(f->here);
}

/* So it is when it has restarted in the middle of an update, and refuses at first. */
static void
test_inhibited_again(Fixture *f, gconstpointer data)
{
    take_well(f, FOTA_LEASE_MODULE);
    f->refuses = TRUE;
    call_bus(f, "ReleaseName", g_variant_new("(s)", MM_DBUS_SERVICE));
    show_module(f);
    g_string_truncate(f->calls, 0);
    take_name(f);
    UNTIL(f->calls->len > 0);
    f->refuses = FALSE;
    UNTIL(f->object == NULL);
}

static void
test_registration(Fixture *f, gconstpointer data)
{
    static const struct {
        MMModem3gppRegistrationState state;
        gboolean registered;
        gboolean roaming;
    } rows[] = {
        {MM_MODEM_3GPP_REGISTRATION_STATE_HOME, TRUE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_SEARCHING, FALSE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_CSFB_NOT_PREFERRED, TRUE, TRUE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_EMERGENCY_ONLY, FALSE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_HOME_CSFB_NOT_PREFERRED, TRUE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_DENIED, FALSE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING, TRUE, TRUE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_IDLE, FALSE, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        mm_gdbus_modem3gpp_set_registration_state(f->network, rows[i].state);
        UNTIL(f->registered == rows[i].registered && f->roaming == rows[i].roaming);
    }
}

static gboolean
on_double_enabled(MmGdbusModem *modem, GDBusMethodInvocation *invocation, gboolean enable,
                  Fixture *f)
{
    g_string_append(f->calls, "enable a double\n");
    mm_gdbus_modem_complete_enable(modem, invocation);
    return TRUE;
}

/* Another module with the same IMEI. */
static void
show_double(Fixture *f, guint number)
{
    g_autofree char *path =
        g_strdup_printf("/org/freedesktop/ModemManager1/Modem/%u", 100 + number);
    MmGdbusObjectSkeleton *object = mm_gdbus_object_skeleton_new(path);
    MmGdbusModem *modem = mm_gdbus_modem_skeleton_new();

    mm_gdbus_modem_set_equipment_identifier(modem, IMEI);
    mm_gdbus_modem_set_device(modem, DEVICE "/double");
    mm_gdbus_modem_set_sim(modem, "/");
    mm_gdbus_modem_set_state(modem, MM_MODEM_STATE_DISABLED);
    g_signal_connect(modem, "handle-enable", G_CALLBACK(on_double_enabled), f);
    mm_gdbus_object_skeleton_set_modem(object, modem);
    g_dbus_object_manager_server_export(f->objects, G_DBUS_OBJECT_SKELETON(object));
    g_object_unref(modem);
    g_object_unref(object);
}

static void
hide_double(Fixture *f, guint number)
{
    g_autofree char *path =
        g_strdup_printf("/org/freedesktop/ModemManager1/Modem/%u", 100 + number);

    g_assert_true(g_dbus_object_manager_server_unexport(f->objects, path));
}

#define N_DOUBLES 16

/* Whatever is asked about an IMEI is asked of the one modem object that is the module. */
static void
test_doubles(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < N_DOUBLES; i++)
        show_double(f, i);
    UNTIL(f->refused == N_DOUBLES);
    mm_gdbus_modem_set_state(f->modem, MM_MODEM_STATE_REGISTERED);
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    UNTIL(!f->here);
    g_assert_cmpstr(f->calls->str, ==, "inhibit 1\n");
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");

    /* One that goes is not the module; the others are shown again only when fotad wants them. */
    hide_double(f, 0);
    wait_shown(f);
    g_assert_true(f->here);
    hide_module(f);
    UNTIL(!f->here);
    g_assert_cmpuint(f->refused, ==, N_DOUBLES);
    fota_mm_show_again(f->mm, IMEI);
    UNTIL(f->here && f->refused == 2 * N_DOUBLES - 2);
    g_assert_nonnull(strstr(f->path, "Modem/1"));
    for (guint i = 1; i < N_DOUBLES; i++)
        hide_double(f, i);
    UNTIL(!f->here);
    show_module(f);
    UNTIL(f->here);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*func)(Fixture *f, gconstpointer data);
    } cases[] = {
        {"two-bearers", test_two_bearers},
        {"bearers-alone", test_bearers_alone},
        {"killed", test_killed},
        {"killed-and-taken-again", test_killed_and_taken_again},
        {"not-writable", test_not_writable},
        {"refused", test_refused},
        {"given-back-while-taken", test_given_back_while_taken},
        {"taken-late", test_taken_late},
        {"retaken-and-cancelled", test_retaken_and_cancelled},
        {"cancelled-by-host", test_cancelled_by_host},
        {"lost", test_lost},
        {"not-told", test_not_told},
        {"somebody-was-quicker", test_somebody_was_quicker},
        {"enabled", test_enabled},
        {"disabled", test_disabled},
        {"tried-again", test_tried_again},
        {"damaged", test_damaged},
        {"inhibited-again", test_inhibited_again},
        {"registration", test_registration},
        {"doubles", test_doubles},
    };

    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(on_log, NULL, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/lease/", cases[i].name, NULL);

        g_test_add(path, Fixture, NULL, set_up, cases[i].func, tear_down);
    }
    g_test_add("/lease/asked-again", Fixture, "hidden", set_up, test_asked_again, tear_down);
    return g_test_run();
}
