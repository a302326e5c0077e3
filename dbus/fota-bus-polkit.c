/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-polkit.h"

#include <errno.h>
#include <string.h>

#include "dbus/fota-variant.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1u

/* A person may have to look up a password first. */
#define ANSWER_TIMEOUT_US (120 * G_USEC_PER_SEC)

/*
 * Each open query uses memory here and in polkitd, and some wait for a person. The number is
 * therefore limited per caller, so that no caller affects another one. Root never waits for polkit.
 * The last limit is what the bus allows fotad for watching callers that leave.
 */
#define MAX_WAITING_OF_NAME 16
#define MAX_WAITING_OF_USER 32
#define MAX_WAITING 256

/* Of all waiting calls. More than MAX_WAITING only until the bus has reported the caller. */
#define MAX_CALLS 4096

/* Bytes; a waiting call is kept in memory, and its texts may go into records and the log. */
#define MAX_TEXT 1024

struct _FotaBusPolkit {
    sd_bus *connection;
    FotaBusCallers *callers;
    GPtrArray
        *waiting; /* of Pending, in order of arrival: the calls of a caller run in that order */
    guint last_id;
};

/* A call that waits until polkit has decided. */
typedef struct {
    FotaBusPolkit *polkit;
    sd_bus_message *call;
    const FotaBusMethod *method;
    gpointer object;
    uid_t uid;
    char *id; /* polkit's cancellation id; NULL until the caller is known */
    sd_bus_slot *question;
    sd_bus_slot *caller_gone;
} Pending;

static void
pending_free(gpointer data)
{
    Pending *pending = data;

    sd_bus_slot_unref(pending->question);
    sd_bus_slot_unref(pending->caller_gone);
    sd_bus_message_unref(pending->call);
    g_free(pending->id);
    g_free(pending);
}

static void
pending_end(Pending *pending)
{
    g_ptr_array_remove(pending->polkit->waiting, pending);
}

static int
pending_refuse(Pending *pending, const char *why)
{
    int r = sd_bus_reply_method_errorf(
        pending->call, SD_BUS_ERROR_ACCESS_DENIED,
        "%s is not allowed: %s. Call it as root, or allow %s in a rule in /etc/polkit-1/rules.d",
        pending->method->member, why, pending->method->action);

    pending_end(pending);
    return r;
}

static int
pending_allow(Pending *pending)
{
    int r = pending->method->run(pending->call, pending->object);

    if (r < 0)
        r = sd_bus_reply_method_errno(pending->call, r, NULL);
    pending_end(pending);
    return r;
}

/* Closes the password dialog of polkit's agent. */
static int
pending_withdraw_question(Pending *pending)
{
    g_autoptr(sd_bus_message) cancel = NULL;
    int r =
        sd_bus_message_new_method_call(pending->polkit->connection, &cancel, POLKIT_NAME,
                                       POLKIT_PATH, POLKIT_INTERFACE, "CancelCheckAuthorization");

    if (r >= 0)
        r = sd_bus_message_append(cancel, "s", pending->id);
    if (r >= 0)
        r = sd_bus_message_set_expect_reply(cancel, FALSE);
    return r < 0 ? r : sd_bus_send(pending->polkit->connection, cancel, NULL);
}

static int
on_polkit_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    Pending *pending = userdata;
    const sd_bus_error *error = sd_bus_message_get_error(answer);
    int authorized = 0;

    if (sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
        return pending_refuse(pending, "polkit is not running, so that only root may");
    if (error != NULL) {
        g_autofree char *why = g_strdup_printf("polkit did not answer (%s)", error->message);

        if (sd_bus_error_has_names(error, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT))
            pending_withdraw_question(pending);
        return pending_refuse(pending, why);
    }
    if (sd_bus_message_enter_container(answer, SD_BUS_TYPE_STRUCT, "bba{ss}") < 0 ||
        sd_bus_message_read(answer, "b", &authorized) < 0)
        return pending_refuse(pending, "polkit's answer is malformed");
    return authorized ? pending_allow(pending) : pending_refuse(pending, "polkit says no");
}

static int
on_caller_gone(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error)
{
    Pending *pending = userdata;

    /* sd-bus takes the name in a match for whoever sends it to fotad alone. */
    if (g_strcmp0(sd_bus_message_get_sender(signal), "org.freedesktop.DBus") != 0)
        return 0;
    pending_withdraw_question(pending);
    pending_end(pending);
    return 0; /* the signal is also for the caller's other calls */
}

static int
watch_caller(Pending *pending, const char *sender)
{
    g_autofree char *match =
        g_strdup_printf("type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop."
                        "DBus',member='NameOwnerChanged',arg0='%s',arg2=''",
                        sender);

    return sd_bus_add_match_async(pending->polkit->connection, &pending->caller_gone, match,
                                  on_caller_gone, NULL, pending);
}

static int
ask_polkit(Pending *pending)
{
    FotaBusPolkit *polkit = pending->polkit;
    const char *sender = sd_bus_message_get_sender(pending->call);
    g_autoptr(sd_bus_message) question = NULL;
    guint32 flags = sd_bus_message_get_allow_interactive_authorization(pending->call) > 0
                        ? ALLOW_USER_INTERACTION
                        : 0;
    int r = watch_caller(pending, sender);

    pending->id = g_strdup_printf("fotad-%u", ++polkit->last_id);
    if (r >= 0)
        r = sd_bus_message_new_method_call(polkit->connection, &question, POLKIT_NAME, POLKIT_PATH,
                                           POLKIT_INTERFACE, "CheckAuthorization");
    if (r >= 0)
        r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                  sender, pending->method->action, 0, flags, pending->id);
    if (r >= 0)
        r = sd_bus_call_async(polkit->connection, &pending->question, question, on_polkit_answer,
                              pending, ANSWER_TIMEOUT_US);
    return r < 0 ? pending_refuse(pending, "polkit could not be asked") : r;
}

/* How many calls wait for polkit: of the user @uid when @name is NULL, else of that unique name. */
static guint
count_asked(FotaBusPolkit *polkit, const char *name, uid_t uid)
{
    guint n = 0;

    for (guint i = 0; i < polkit->waiting->len; i++) {
        const Pending *pending = polkit->waiting->pdata[i];

        n += pending->id != NULL &&
             (name != NULL ? g_str_equal(sd_bus_message_get_sender(pending->call), name)
                           : pending->uid == uid);
    }
    return n;
}

static int
refuse_more(sd_bus_message *call, guint limit, const char *whose)
{
    return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                      "%u calls of %s already wait for polkit: try again later",
                                      limit, whose);
}

/* The caller is now known. */
static int
pending_identified(Pending *pending, uid_t uid)
{
    FotaBusPolkit *polkit = pending->polkit;
    int r;

    pending->uid = uid;
    if (fota_bus_callers_is_spent(polkit->callers, uid)) {
        r = fota_bus_callers_refuse(pending->call);
    } else if (uid == 0 || pending->method->action == NULL) {
        fota_bus_callers_begin(polkit->callers, uid);
        r = pending_allow(pending);
        fota_bus_callers_charge(polkit->callers);
        return r;
    } else if (count_asked(polkit, sd_bus_message_get_sender(pending->call), uid) >=
               MAX_WAITING_OF_NAME) {
        r = refuse_more(pending->call, MAX_WAITING_OF_NAME, "this caller");
    } else if (count_asked(polkit, NULL, uid) >= MAX_WAITING_OF_USER) {
        r = refuse_more(pending->call, MAX_WAITING_OF_USER, "this user");
    } else if (polkit->waiting->len > MAX_WAITING) {
        r = refuse_more(pending->call, MAX_WAITING, "several users");
    } else {
        return ask_polkit(pending);
    }
    pending_end(pending);
    return r;
}

static void
caller_identified(const char *name, gboolean known, uid_t uid, gpointer user_data)
{
    FotaBusPolkit *polkit = user_data;
    g_autoptr(GPtrArray) waiting = g_ptr_array_copy(polkit->waiting, NULL, NULL);

    g_ptr_array_set_free_func(waiting, NULL);
    for (guint i = 0; i < waiting->len; i++) {
        Pending *pending = waiting->pdata[i];

        if (pending->id != NULL || !g_str_equal(sd_bus_message_get_sender(pending->call), name))
            continue;
        if (known)
            pending_identified(pending, uid);
        else
            pending_end(pending);
    }
}

/*
 * A waiting call is kept as a copy. The call itself would keep the descriptors that its caller has
 * attached, which fotad does not use and cannot have many of.
 */
static int
copy_call(sd_bus *connection, sd_bus_message *call, sd_bus_message **ret)
{
    g_autoptr(sd_bus_message) copy = NULL;
    guint64 cookie;
    int r = sd_bus_message_get_cookie(call, &cookie);

    if (r >= 0)
        r = sd_bus_message_new_method_call(
            connection, &copy, sd_bus_message_get_destination(call), sd_bus_message_get_path(call),
            sd_bus_message_get_interface(call), sd_bus_message_get_member(call));
    if (r >= 0)
        r = sd_bus_message_set_sender(copy, sd_bus_message_get_sender(call));
    if (r >= 0)
        r = sd_bus_message_set_expect_reply(copy, sd_bus_message_get_expect_reply(call));
    if (r >= 0)
        r = sd_bus_message_set_allow_interactive_authorization(
            copy, sd_bus_message_get_allow_interactive_authorization(call));
    if (r >= 0)
        r = sd_bus_message_copy(copy, call, TRUE);
    if (r >= 0)
        r = sd_bus_message_seal(copy, cookie, 0);
    if (r >= 0)
        *ret = g_steal_pointer(&copy);
    return r < 0 ? r : 0;
}

/* Whether an argument is a text that is too long, or of a type that no method here has. */
static gboolean
is_unheard_of(sd_bus_message *call)
{
    static const char numbers[] = {SD_BUS_TYPE_UINT32, SD_BUS_TYPE_UINT64, '\0'};
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
            found = strchr(numbers, type) == NULL ||
                    sd_bus_message_skip(call, (const char[]){type, '\0'}) < 0;
        if (is_variant && !found)
            sd_bus_message_exit_container(call);
    }
    sd_bus_message_rewind(call, TRUE);
    return found;
}

/* Until the caller is known, which the bus reports at once, or until polkit has answered. */
static int
pending_new(FotaBusPolkit *polkit, sd_bus_message *call, const FotaBusMethod *method,
            gpointer object, Pending **ret)
{
    Pending *pending = g_new0(Pending, 1);
    int r = copy_call(polkit->connection, call, &pending->call);

    if (r < 0) {
        g_free(pending);
        return r;
    }
    pending->polkit = polkit;
    pending->method = method;
    pending->object = object;
    g_ptr_array_add(polkit->waiting, pending);
    *ret = pending;
    return 0;
}

int
fota_bus_polkit_run(FotaBusPolkit *polkit, sd_bus_message *call, const FotaBusMethod *method,
                    gpointer object)
{
    const char *sender = sd_bus_message_get_sender(call);
    Pending *pending;
    uid_t uid;
    gboolean known = fota_bus_callers_find(polkit->callers, sender, &uid);
    int r;

    if (is_unheard_of(call))
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_INVALID_ARGS,
                                          "arguments are numbers, and texts of at most %u bytes",
                                          MAX_TEXT);
    if (known && (uid == 0 || method->action == NULL))
        return method->run(call, object);
    if (polkit->waiting->len >= MAX_CALLS)
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                          "%u calls already wait: try again later", MAX_CALLS);
    r = pending_new(polkit, call, method, object, &pending);
    if (r < 0)
        return r;
    if (known)
        pending_identified(pending, uid);
    return 1; /* handled; the reply follows */
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
fota_bus_polkit_new(sd_bus *connection, FotaBusCallers *callers)
{
    FotaBusPolkit *polkit = g_new0(FotaBusPolkit, 1);

    polkit->connection = sd_bus_ref(connection);
    polkit->callers = callers;
    fota_bus_callers_set_func(callers, caller_identified, polkit);
    polkit->waiting = g_ptr_array_new_with_free_func(pending_free);
    return polkit;
}

void
fota_bus_polkit_free(FotaBusPolkit *polkit)
{
    if (polkit == NULL)
        return;
    fota_bus_callers_set_func(polkit->callers, NULL, NULL);
    g_ptr_array_unref(polkit->waiting);
    sd_bus_unref(polkit->connection);
    g_free(polkit);
}

uid_t
fota_bus_polkit_get_user(FotaBusPolkit *polkit, sd_bus_message *call)
{
    uid_t uid;

    return fota_bus_callers_find(polkit->callers, sd_bus_message_get_sender(call), &uid)
               ? uid
               : FOTA_BUS_NOBODY_KNOWN;
}
