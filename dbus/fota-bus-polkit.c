/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-polkit.h"

#include <errno.h>
#include <string.h>

#include "dbus/fota-variant.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1u

/* A person may have to find a password first. */
#define ANSWER_TIMEOUT_US (120 * G_USEC_PER_SEC)

/* Each open question costs memory here and in polkitd: nobody may pile them up. */
#define MAX_CHECKS 64

/* In bytes; a call that waits is kept whole, and what it says may go into records and the log. */
#define MAX_TEXT 1024

struct _FotaBusPolkit {
    sd_bus *connection;
    GHashTable *checks; /* of Check */
    guint last_id;
};

/* A call whose caller is being looked at. */
typedef struct {
    FotaBusPolkit *polkit;
    sd_bus_message *call;
    const FotaBusMethod *method;
    gpointer object;
    char *id;              /* polkit's cancellation id; NULL before polkit is asked */
    sd_bus_slot *question; /* to the bus, then to polkit */
    sd_bus_slot *caller_gone;
} Check;

static void
check_free(gpointer data)
{
    Check *check = data;

    sd_bus_slot_unref(check->question);
    sd_bus_slot_unref(check->caller_gone);
    sd_bus_message_unref(check->call);
    g_free(check->id);
    g_free(check);
}

static void
check_end(Check *check)
{
    g_hash_table_remove(check->polkit->checks, check);
}

static int
check_refuse(Check *check, const char *why)
{
    int r = sd_bus_reply_method_errorf(
        check->call, SD_BUS_ERROR_ACCESS_DENIED,
        "%s is not allowed: %s. Call it as root, or allow %s by a rule in /etc/polkit-1/rules.d",
        check->method->member, why, check->method->action);

    check_end(check);
    return r;
}

static int
check_allow(Check *check)
{
    int r = check->method->run(check->call, check->object);

    if (r < 0)
        r = sd_bus_reply_method_errno(check->call, r, NULL);
    check_end(check);
    return r;
}

static int
on_polkit_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    Check *check = userdata;
    const sd_bus_error *error = sd_bus_message_get_error(answer);
    int authorized = 0;

    if (sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
        return check_refuse(check, "polkit is not there to ask, so that only root may");
    if (error != NULL) {
        g_autofree char *why = g_strdup_printf("polkit could not tell (%s)", error->message);

        return check_refuse(check, why);
    }
    if (sd_bus_message_enter_container(answer, SD_BUS_TYPE_STRUCT, "bba{ss}") < 0 ||
        sd_bus_message_read(answer, "b", &authorized) < 0)
        return check_refuse(check, "polkit's answer is not understood");
    return authorized ? check_allow(check) : check_refuse(check, "polkit says no");
}

static int
ask_polkit(Check *check)
{
    FotaBusPolkit *polkit = check->polkit;
    g_autoptr(sd_bus_message) question = NULL;
    guint32 flags = sd_bus_message_get_allow_interactive_authorization(check->call) > 0
                        ? ALLOW_USER_INTERACTION
                        : 0;
    int r;

    check->id = g_strdup_printf("fotad-%u", ++polkit->last_id);
    check->question = sd_bus_slot_unref(check->question);
    r = sd_bus_message_new_method_call(polkit->connection, &question, POLKIT_NAME, POLKIT_PATH,
                                       POLKIT_INTERFACE, "CheckAuthorization");
    if (r >= 0)
        r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                  sd_bus_message_get_sender(check->call), check->method->action, 0,
                                  flags, check->id);
    if (r >= 0)
        r = sd_bus_call_async(polkit->connection, &check->question, question, on_polkit_answer,
                              check, ANSWER_TIMEOUT_US);
    return r < 0 ? check_refuse(check, "polkit could not be asked") : r;
}

static int
on_caller_uid(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    Check *check = userdata;
    guint32 uid;

    if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "u", &uid) < 0)
        return check_refuse(check, "the bus does not know who calls");
    return uid == 0 ? check_allow(check) : ask_polkit(check);
}

static int
on_caller_gone(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error)
{
    Check *check = userdata;
    g_autoptr(sd_bus_message) cancel = NULL;
    int r = 0;

    if (check->id != NULL) {
        /* Takes the question from the screen of whoever is asked for a password. */
        r = sd_bus_message_new_method_call(check->polkit->connection, &cancel, POLKIT_NAME,
                                           POLKIT_PATH, POLKIT_INTERFACE,
                                           "CancelCheckAuthorization");
        if (r >= 0)
            r = sd_bus_message_append(cancel, "s", check->id);
        if (r >= 0)
            r = sd_bus_message_set_expect_reply(cancel, FALSE);
        if (r >= 0)
            r = sd_bus_send(check->polkit->connection, cancel, NULL);
    }
    check_end(check);
    return r;
}

static int
check_start(Check *check)
{
    const char *sender = sd_bus_message_get_sender(check->call);
    g_autofree char *match =
        g_strdup_printf("type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop."
                        "DBus',member='NameOwnerChanged',arg0='%s',arg2=''",
                        sender);
    int r = sd_bus_add_match_async(check->polkit->connection, &check->caller_gone, match,
                                   on_caller_gone, NULL, check);

    if (r >= 0)
        r = sd_bus_call_method_async(check->polkit->connection, &check->question,
                                     "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "GetConnectionUnixUser", on_caller_uid,
                                     check, "s", sender);
    return r;
}

/* Whether an argument is a text that is too long, or of a type that no method here takes. */
static gboolean
is_unheard_of(sd_bus_message *call)
{
    gboolean found = FALSE;
    const char *contents, *text;
    char type;

    while (!found && sd_bus_message_peek_type(call, &type, &contents) > 0) {
        gboolean is_variant = type == SD_BUS_TYPE_VARIANT;

        if (is_variant && sd_bus_message_enter_container(call, type, "s") < 0)
            found = TRUE;
        else if (is_variant || type == SD_BUS_TYPE_STRING)
            found = sd_bus_message_read_basic(call, SD_BUS_TYPE_STRING, &text) < 0 ||
                    strlen(text) > MAX_TEXT;
        else
            found = sd_bus_message_skip(call, (const char[]){type, '\0'}) < 0;
        if (is_variant && !found)
            sd_bus_message_exit_container(call);
    }
    sd_bus_message_rewind(call, TRUE);
    return found;
}

int
fota_bus_polkit_run(FotaBusPolkit *polkit, sd_bus_message *call, const FotaBusMethod *method,
                    gpointer object)
{
    Check *check;
    int r;

    if (is_unheard_of(call))
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_INVALID_ARGS,
                                          "Arguments are numbers, and texts of %u bytes at most",
                                          MAX_TEXT);
    if (method->action == NULL)
        return method->run(call, object);
    if (g_hash_table_size(polkit->checks) >= MAX_CHECKS)
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                          "%u calls wait for polkit already: try again later",
                                          MAX_CHECKS);
    check = g_new0(Check, 1);
    check->polkit = polkit;
    check->call = sd_bus_message_ref(call);
    check->method = method;
    check->object = object;
    g_hash_table_add(polkit->checks, check);
    r = check_start(check);
    if (r < 0) {
        check_end(check);
        return r;
    }
    return 1; /* taken; the reply follows */
}

int
fota_bus_polkit_dispatch(FotaBusPolkit *polkit, sd_bus_message *call, const FotaBusMethod *methods,
                         gpointer object)
{
    for (; methods->member != NULL; methods++) {
        if (g_strcmp0(methods->member, sd_bus_message_get_member(call)) == 0)
            return fota_bus_polkit_run(polkit, call, methods, object);
    }
    return -ENOSYS;
}

FotaBusPolkit *
fota_bus_polkit_new(sd_bus *connection)
{
    FotaBusPolkit *polkit = g_new0(FotaBusPolkit, 1);

    polkit->connection = sd_bus_ref(connection);
    polkit->checks = g_hash_table_new_full(NULL, NULL, check_free, NULL);
    return polkit;
}

void
fota_bus_polkit_free(FotaBusPolkit *polkit)
{
    if (polkit == NULL)
        return;
    g_hash_table_unref(polkit->checks);
    sd_bus_unref(polkit->connection);
    g_free(polkit);
}
