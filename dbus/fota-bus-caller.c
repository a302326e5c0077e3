/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-caller.h"

#include <time.h>
/* A user's share of the processor time of the main loop's thread. */
#define SHARE_PERCENT 10
#define BURST_US (G_USEC_PER_SEC / 2)
/* However much time one call has used, its user is accepted again after a minute. */
#define MAX_DEBT_US (BURST_US + 60 * G_USEC_PER_SEC * SHARE_PERCENT / 100)

/* Unique names are never reused, so a dropped one only has to be looked up again. */
#define MAX_CALLERS 1024

typedef struct {
    gint64 debt;    /* µs of processor time above the share at @updated */
    gint64 updated; /* µs of the monotonic clock */
} Account;

typedef struct {
    FotaBusCallers *callers;
    char *name;
    gboolean known;
    uid_t uid;
    Account before; /* charged until the user is known */
    sd_bus_slot *question;
} Caller;

struct _FotaBusCallers {
    sd_bus *connection;
    sd_bus_slot *filter;
    GHashTable *by_name; /* Caller */
    GHashTable *by_uid;  /* Account */
    FotaBusCallerFunc func;
    gpointer user_data;

    Account *running; /* charged for the present call; NULL = none */
    gint64 since;     /* µs of the thread's processor time */
};

static void
caller_free(gpointer data)
{
    Caller *caller = data;

    sd_bus_slot_unref(caller->question);
    g_free(caller->name);
    g_free(caller);
}

static gint64
processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
account_add(Account *account, gint64 cost)
{
    gint64 now = g_get_monotonic_time();
    gint64 worked_off = (now - account->updated) / 100 * SHARE_PERCENT;

    account->debt = MIN(MAX(account->debt - worked_off, 0) + cost, MAX_DEBT_US);
    account->updated = now;
}

static gboolean
account_is_spent(Account *account)
{
    account_add(account, 0);
    return account->debt >= BURST_US;
}

static Account *
find_account(FotaBusCallers *callers, uid_t uid)
{
    Account *account = g_hash_table_lookup(callers->by_uid, GUINT_TO_POINTER(uid));

    if (account == NULL) {
        account = g_new0(Account, 1);
        g_hash_table_insert(callers->by_uid, GUINT_TO_POINTER(uid), account);
    }
    return account;
}

static int
on_uid(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    Caller *caller = userdata;
    FotaBusCallers *callers = caller->callers;
    g_autofree char *name = g_strdup(caller->name);
    guint32 uid = 0;
    gboolean known = !sd_bus_message_is_method_error(answer, NULL) &&
                     sd_bus_message_read(answer, "u", &uid) >= 0;

    caller->question = sd_bus_slot_unref(caller->question);
    if (known) {
        caller->known = TRUE;
        caller->uid = uid;
        account_add(find_account(callers, uid), caller->before.debt);
    } else {
        g_hash_table_remove(callers->by_name, name);
    }
    if (callers->func != NULL)
        callers->func(name, known, uid, callers->user_data);
    return 0;
}

static gboolean
caller_is_known(gpointer name, gpointer caller, gpointer user_data)
{
    return ((Caller *)caller)->known;
}

static gboolean
account_is_even(gpointer uid, gpointer account, gpointer user_data)
{
    account_add(account, 0);
    return ((Account *)account)->debt == 0;
}

/*
 * The bus is asked without waiting for its answer: otherwise fotad would read a flood of calls in
 * front of the answer into memory.
 */
static int
add_caller(FotaBusCallers *callers, const char *name, Caller **ret)
{
    Caller *caller;

    if (g_hash_table_size(callers->by_name) >= MAX_CALLERS) {
        g_hash_table_foreach_remove(callers->by_name, caller_is_known, NULL);
        g_hash_table_foreach_remove(callers->by_uid, account_is_even, NULL);
    }
    caller = g_new0(Caller, 1);
    caller->callers = callers;
    caller->name = g_strdup(name);
    g_hash_table_insert(callers->by_name, caller->name, caller);
    *ret = caller;
    return sd_bus_call_method_async(callers->connection, &caller->question, "org.freedesktop.DBus",
                                    "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                    "GetConnectionUnixUser", on_uid, caller, "s", name);
}

static void
begin(FotaBusCallers *callers, Account *account)
{
    callers->running = account;
    callers->since = processor_time();
}

/* Every message to fotad comes here first. */
static int
on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    FotaBusCallers *callers = userdata;
    const char *name = sd_bus_message_get_sender(message);
    Caller *caller;
    int r = 0;

    if (name == NULL || sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
        return 0;
    caller = g_hash_table_lookup(callers->by_name, name);
    if (caller == NULL)
        r = add_caller(callers, name, &caller);
    if (r < 0) {
        g_hash_table_remove(callers->by_name, name);
        return r;
    }
    if (caller->known && caller->uid == 0)
        return 0;
    begin(callers, caller->known ? find_account(callers, caller->uid) : &caller->before);
    return account_is_spent(callers->running) ? fota_bus_callers_refuse(message) : 0;
}

gboolean
fota_bus_callers_find(FotaBusCallers *callers, const char *name, uid_t *uid)
{
    Caller *caller = g_hash_table_lookup(callers->by_name, name);

    if (caller == NULL || !caller->known)
        return FALSE;
    *uid = caller->uid;
    return TRUE;
}

gboolean
fota_bus_callers_is_spent(FotaBusCallers *callers, uid_t uid)
{
    return uid != 0 && account_is_spent(find_account(callers, uid));
}

void
fota_bus_callers_begin(FotaBusCallers *callers, uid_t uid)
{
    if (uid != 0)
        begin(callers, find_account(callers, uid));
}

int
fota_bus_callers_refuse(sd_bus_message *call)
{
    return sd_bus_reply_method_errorf(
        call, SD_BUS_ERROR_LIMITS_EXCEEDED,
        "this user's calls have used more than a user's share of fotad's time; "
        "call less often, and try again in at most a minute");
}

void
fota_bus_callers_charge(FotaBusCallers *callers)
{
    if (callers->running == NULL)
        return;
    account_add(callers->running, processor_time() - callers->since);
    callers->running = NULL;
}

void
fota_bus_callers_set_func(FotaBusCallers *callers, FotaBusCallerFunc func, gpointer user_data)
{
    callers->func = func;
    callers->user_data = user_data;
}

FotaBusCallers *
fota_bus_callers_new(sd_bus *connection, int *ret_errno)
{
    FotaBusCallers *callers = g_new0(FotaBusCallers, 1);

    callers->connection = sd_bus_ref(connection);
    callers->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, caller_free);
    callers->by_uid = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    *ret_errno = sd_bus_add_filter(connection, &callers->filter, on_message, callers);
    if (*ret_errno < 0)
        g_clear_pointer(&callers, fota_bus_callers_free);
    return callers;
}

void
fota_bus_callers_free(FotaBusCallers *callers)
{
    if (callers == NULL)
        return;
    sd_bus_slot_unref(callers->filter);
    g_hash_table_unref(callers->by_name);
    g_hash_table_unref(callers->by_uid);
    sd_bus_unref(callers->connection);
    g_free(callers);
}
