/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-monitor.h"

#include <stdio.h>

#include "ctl/ctl-bus.h"
#include "ctl/ctl-format.h"
#include "ctl/ctl-offer.h"
#include "ctl/ctl-progress.h"
#include "base/fota-clock.h"

/* How long fotad may be away while an update is followed: it may be restarting. */
#define ABSENT_LIMIT_US (60 * G_USEC_PER_SEC)
#define TICK_US G_USEC_PER_SEC

struct _CtlMonitor {
    Ctl *ctl;
    char *path;
    gboolean until_finished;
    GVariant *followed; /* whose end is awaited; NULL = a rehearsal that is not offered yet */
    GPtrArray *modules; /* CtlModule */
    char *owner;        /* unique name of fotad, "" = not on the bus */
    CtlProgress progress;
    CtlModule *shown;    /* whose line is redrawn as time passes */
    gint64 absent_since; /* fotad has left the bus; 0 = present */
    gboolean came_back;  /* fotad has returned: read everything again */
    GVariant *asked;     /* offer of an ApprovalRequested that has no answer yet */
    gboolean finished;
    int exit_status;
};

static CtlModule *
find_module(CtlMonitor *monitor, const char *path)
{
    for (guint i = 0; i < monitor->modules->len; i++) {
        CtlModule *module = monitor->modules->pdata[i];

        if (g_str_equal(module->path, path))
            return module;
    }
    return NULL;
}

static gboolean
is_shown(CtlMonitor *monitor, const char *path)
{
    return monitor->path == NULL || g_str_equal(monitor->path, path);
}

/* One line of monitor --json; a followed update prints one document at its end instead. */
static void
print_event(CtlMonitor *monitor, const char *event, const char *imei, GVariant *details)
{
    g_autoptr(GVariant) sunk = g_variant_ref_sink(details);

    if (!monitor->until_finished || monitor->finished)
        ctl_print_json(
            g_variant_new_parsed("{'event': <%s>, 'time': <%x>, 'module': <%s>, 'details': %*}",
                                 event, fota_clock_now(), imei, g_variant_new_variant(sunk)));
}

static void
show(CtlMonitor *monitor, CtlModule *module)
{
    if (!monitor->ctl->json)
        ctl_progress_show(&monitor->progress, module);
    monitor->shown = module;
}

/* The whole module: at the beginning, and when it is new. */
static void
show_whole(CtlMonitor *monitor, CtlModule *module)
{
    if (monitor->ctl->json)
        print_event(monitor, "module", module->imei, module->properties);
    show(monitor, module);
}

/* An offer, or the details of an end. */
static gboolean
is_rehearsal(GVariant *offer)
{
    return ctl_dict_get_number(offer, "rehearsal") != 0;
}

static gboolean
follows_rehearsal(const CtlMonitor *monitor)
{
    return monitor->followed == NULL || is_rehearsal(monitor->followed);
}

/* What Rehearse() has led to is known once it is offered. */
static void
take_rehearsal(CtlMonitor *monitor, GVariant *offer)
{
    if (monitor->until_finished && monitor->followed == NULL && is_rehearsal(offer))
        monitor->followed = g_variant_ref(offer);
}

/* An update was approved at its first gate by somebody who saw it: that holds for its second one,
 * and for no other offer. */
static gboolean
may_answer(const CtlMonitor *monitor, GVariant *offer)
{
    GVariant *followed = monitor->followed;

    if (followed == NULL || is_rehearsal(followed) != is_rehearsal(offer) ||
        !ctl_offer_is_same(followed, offer))
        return FALSE;
    return is_rehearsal(offer) || (g_str_equal(ctl_dict_get_text(followed, "gate"), "download") &&
                                   g_str_equal(ctl_dict_get_text(offer, "gate"), "install"));
}

static void
on_changed(CtlMonitor *monitor, CtlModule *module, GVariant *arguments)
{
    g_autoptr(GVariant) changed = g_variant_get_child_value(arguments, 1);
    g_autoptr(GVariant) offer = NULL;

    ctl_module_merge(module, changed);
    offer = ctl_module_get_offer(module);
    take_rehearsal(monitor, offer);
    if (monitor->ctl->json)
        print_event(monitor, "changed", module->imei, changed);
    show(monitor, module);
}

static void
on_approval_requested(CtlMonitor *monitor, CtlModule *module, GVariant *arguments)
{
    g_autoptr(GVariant) offer = g_variant_get_child_value(arguments, 2);
    const char *token, *gate;

    g_variant_get(arguments, "(&s&s@a{sv})", &token, &gate, NULL);
    if (monitor->ctl->json)
        print_event(monitor, "approval-requested", module->imei, offer);
    else
        ctl_progress_say(&monitor->progress,
                         "%s  approval is required before the %s of %s, token %s", module->imei,
                         gate, ctl_dict_get_text(offer, "id"), token);
    take_rehearsal(monitor, offer);
    if (may_answer(monitor, offer)) {
        g_clear_pointer(&monitor->asked, g_variant_unref);
        monitor->asked = g_variant_ref(offer);
    }
}

/* Of what is followed, not of another update; and a step of several is a success, but not yet the
 * version where the update ends. */
static gboolean
ends_followed(const CtlMonitor *monitor, const char *id, gboolean good, GVariant *details)
{
    const char *reached = ctl_dict_get_text(details, "to"), *wanted;

    if (!monitor->until_finished || is_rehearsal(details) != follows_rehearsal(monitor))
        return FALSE;
    if (monitor->followed == NULL)
        return TRUE;
    wanted = ctl_dict_get_text(monitor->followed, "to");
    return g_str_equal(id, ctl_dict_get_text(monitor->followed, "id")) &&
           (!good || reached[0] == '\0' || wanted[0] == '\0' || g_str_equal(reached, wanted));
}

static void
say_finished(CtlMonitor *monitor, const CtlModule *module, const char *id, gboolean good,
             const char *result, GVariant *details)
{
    g_autofree char *coloured = ctl_format_colour(good ? CTL_COLOUR_GOOD : CTL_COLOUR_BAD, result);
    const char *error = ctl_dict_get_text(details, "error");
    g_autofree char *text = g_strconcat(error, error[0] != '\0' ? ": " : "",
                                        ctl_dict_get_text(details, good ? "revision" : "text"),
                                        ctl_dict_get_text(details, "reason"), NULL);
    g_autofree char *clean = ctl_format_clean(text);

    ctl_progress_say(&monitor->progress, "%s  update %s: %s%s%s", module->imei, id, coloured,
                     clean[0] != '\0' ? ", " : "", clean);
}

static void
on_update_finished(CtlMonitor *monitor, CtlModule *module, GVariant *arguments)
{
    g_autoptr(GVariant) details = g_variant_get_child_value(arguments, 2);
    const char *id, *result;
    gboolean good;

    g_variant_get(arguments, "(&s&s@a{sv})", &id, &result, NULL);
    good = g_str_equal(result, "success") || g_str_equal(result, "rehearsed");
    if (ends_followed(monitor, id, good, details)) {
        monitor->finished = TRUE;
        monitor->exit_status = good ? CTL_OK : CTL_FAILED;
    }
    if (monitor->ctl->json)
        print_event(monitor, "update-finished", module->imei,
                    g_variant_new_parsed("{'id': <%s>, 'result': <%s>, 'details': %*}", id, result,
                                         g_variant_new_variant(details)));
    else
        say_finished(monitor, module, id, good, result, details);
}

static void
on_module_added(CtlMonitor *monitor, GVariant *arguments)
{
    g_autoptr(GVariant) interfaces = NULL;
    g_autoptr(GVariant) properties = NULL;
    CtlModule *module;
    const char *path;

    g_variant_get(arguments, "(&o@a{sa{sv}})", &path, &interfaces);
    if (!is_shown(monitor, path) ||
        !g_variant_lookup(interfaces, CTL_BUS_MODULE, "@a{sv}", &properties))
        return;
    module = find_module(monitor, path);
    if (module == NULL) {
        module = ctl_module_new(path, properties);
        g_ptr_array_add(monitor->modules, module);
    }
    ctl_module_merge(module, properties); /* a restarted fotad shows it again */
    monitor->progress.many = monitor->modules->len > 1;
    show_whole(monitor, module);
}

/* Anybody may send a signal to fotactl alone, and sd-bus takes the name in a match for that one
 * too. */
static gboolean
is_from(sd_bus_message *message, const char *sender)
{
    return g_strcmp0(sd_bus_message_get_sender(message), sender) == 0;
}

static int
on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    CtlMonitor *monitor = userdata;
    const char *member = sd_bus_message_get_member(message);
    CtlModule *module = find_module(monitor, sd_bus_message_get_path(message));
    g_autoptr(GVariant) arguments = NULL;

    if (!is_from(message, monitor->owner))
        return 0;
    arguments = ctl_bus_read(message);
    if (g_str_equal(member, "InterfacesAdded"))
        on_module_added(monitor, arguments);
    else if (module == NULL)
        return 0; /* not a module to show, or the manager */
    else if (g_str_equal(member, "PropertiesChanged"))
        on_changed(monitor, module, arguments);
    else if (g_str_equal(member, "ApprovalRequested"))
        on_approval_requested(monitor, module, arguments);
    else if (g_str_equal(member, "UpdateFinished"))
        on_update_finished(monitor, module, arguments);
    return 0;
}

static int
on_name_owner(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    CtlMonitor *monitor = userdata;
    const char *name, *old_owner, *new_owner;
    gboolean gone;

    if (!is_from(message, "org.freedesktop.DBus"))
        return 0;
    sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner);
    g_free(monitor->owner);
    monitor->owner = g_strdup(new_owner);
    gone = new_owner[0] == '\0';
    monitor->absent_since = gone ? g_get_monotonic_time() : 0;
    monitor->came_back = !gone;
    if (monitor->ctl->json)
        print_event(monitor, gone ? "fotad-gone" : "fotad-back", "", g_variant_new("a{sv}", NULL));
    else
        ctl_progress_say(&monitor->progress,
                         gone ? "fotad has left the bus" : "fotad is on the bus again");
    return 0;
}

/* One that has gone again since is told of. */
static void
read_owner(CtlMonitor *monitor)
{
    g_autoptr(sd_bus_message) reply = NULL;
    const char *owner = "";

    if (sd_bus_call_method(monitor->ctl->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus", "GetNameOwner", NULL, &reply, "s",
                           CTL_BUS_NAME) >= 0)
        sd_bus_message_read(reply, "s", &owner);
    g_free(monitor->owner);
    monitor->owner = g_strdup(owner);
}

static gboolean
read_modules(CtlMonitor *monitor, GError **error)
{
    g_autoptr(GPtrArray) all = ctl_bus_get_modules(monitor->ctl, error);

    if (all == NULL)
        return FALSE;
    read_owner(monitor);
    monitor->shown = NULL;
    g_ptr_array_set_size(monitor->modules, 0);
    for (guint i = 0; i < all->len; i++) {
        const CtlModule *module = all->pdata[i];

        if (is_shown(monitor, module->path))
            g_ptr_array_add(monitor->modules, ctl_module_new(module->path, module->properties));
    }
    monitor->progress.many = monitor->modules->len > 1;
    return TRUE;
}

CtlMonitor *
ctl_monitor_new(Ctl *ctl, const char *path, GError **error)
{
    g_autoptr(CtlMonitor) monitor = g_new0(CtlMonitor, 1);
    int r;

    monitor->ctl = ctl;
    monitor->path = g_strdup(path);
    monitor->modules = g_ptr_array_new_with_free_func((GDestroyNotify)ctl_module_free);
    r = sd_bus_add_match(
        ctl->bus, NULL, "type='signal',sender='" CTL_BUS_NAME "',path_namespace='" CTL_BUS_PATH "'",
        on_signal, monitor);
    if (r >= 0)
        r = sd_bus_add_match(ctl->bus, NULL,
                             "type='signal',sender='org.freedesktop.DBus',"
                             "member='NameOwnerChanged',arg0='" CTL_BUS_NAME "'",
                             on_name_owner, monitor);
    if (r < 0) {
        ctl_error(error, CTL_NO_DAEMON, SD_BUS_ERROR_DISCONNECTED,
                  "cannot listen on the system bus: %s", g_strerror(-r));
        return NULL;
    }
    return read_modules(monitor, error) ? g_steal_pointer(&monitor) : NULL;
}

void
ctl_monitor_follow(CtlMonitor *monitor, GVariant *offer)
{
    monitor->until_finished = TRUE;
    monitor->followed = offer != NULL ? g_variant_ref(offer) : NULL;
}

void
ctl_monitor_free(CtlMonitor *monitor)
{
    ctl_progress_clear(&monitor->progress);
    g_ptr_array_unref(monitor->modules);
    g_clear_pointer(&monitor->asked, g_variant_unref);
    g_clear_pointer(&monitor->followed, g_variant_unref);
    g_free(monitor->owner);
    g_free(monitor->path);
    g_free(monitor);
}

static void
show_all(CtlMonitor *monitor)
{
    for (guint i = 0; i < monitor->modules->len; i++)
        show_whole(monitor, monitor->modules->pdata[i]);
}

/* The second gate, while an update is followed. Without a terminal, somebody else must answer. */
static gboolean
answer_request(CtlMonitor *monitor, GError **error)
{
    g_autoptr(GVariant) offer = g_steal_pointer(&monitor->asked);
    gboolean agreed = FALSE;

    if (!ctl_ask_approval(monitor->ctl, offer, &agreed, NULL) || !agreed)
        return TRUE;
    return ctl_bus_call(monitor->ctl, monitor->path, CTL_BUS_MODULE, "Approve", NULL, error, "s",
                        ctl_dict_get_text(offer, "token"));
}

/* Work that a signal's handler has left, because it calls fotad. */
static gboolean
follow_up(CtlMonitor *monitor, GError **error)
{
    if (monitor->came_back) {
        monitor->came_back = FALSE;
        if (!read_modules(monitor, error))
            return FALSE;
        show_all(monitor);
    }
    if (monitor->asked != NULL && !answer_request(monitor, error))
        return FALSE;
    if (monitor->until_finished && monitor->absent_since != 0 &&
        g_get_monotonic_time() - monitor->absent_since > ABSENT_LIMIT_US) {
        ctl_error(error, CTL_NO_DAEMON, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                  "fotad has exited and does not come back; the state of the update is unknown");
        return FALSE;
    }
    return TRUE;
}

/* By the module or the carrier: it goes first, or has been answered, and tells how it ends. */
static gboolean
is_question(GVariant *offer)
{
    const char *source = ctl_dict_get_text(offer, "source");

    return g_str_equal(source, "module") || g_str_equal(source, "carrier");
}

/* What nothing is offered in though nothing has ended: fotad asks the module or a server first. */
static gboolean
is_between(const CtlModule *module)
{
    static const char *const at_rest[] = {"idle", "failed", "unsupported", NULL};
    g_autoptr(GVariant) blockers = g_variant_lookup_value(module->properties, "Blockers", NULL);

    return !g_strv_contains(at_rest, ctl_dict_get_text(module->properties, "State")) ||
           (blockers != NULL && g_variant_n_children(blockers) > 0);
}

/*
 * Whether what is followed has gone without an end, as another manifest has come or this one holds
 * no longer. While a question or a rehearsal goes first, an update is still to come.
 */
static gboolean
is_withdrawn(CtlMonitor *monitor)
{
    CtlModule *module = monitor->followed != NULL ? find_module(monitor, monitor->path) : NULL;
    g_autoptr(GVariant) shown = module != NULL ? ctl_module_get_offer(module) : NULL;

    if (module == NULL || monitor->absent_since != 0 || is_question(monitor->followed))
        return FALSE;
    if (g_variant_n_children(shown) == 0)
        return !is_between(module);
    if (is_question(shown))
        return FALSE;
    return !ctl_offer_is_same(monitor->followed, shown) ||
           (is_rehearsal(monitor->followed) && !is_rehearsal(shown));
}

static void
set_withdrawn(CtlMonitor *monitor, GError **error)
{
    CtlModule *module = find_module(monitor, monitor->path);
    const char *name = "", *text = "";

    if (g_str_equal(ctl_dict_get_text(module->properties, "State"), "failed"))
        g_variant_lookup(module->properties, "LastError", "(&s&s)", &name, &text);
    ctl_error(error, CTL_FAILED, CTL_ERROR_WITHDRAWN, "%s %s is no longer offered%s%s%s%s",
              is_rehearsal(monitor->followed) ? "the rehearsal of" : "update",
              ctl_dict_get_text(monitor->followed, "id"), name[0] != '\0' ? ": " : "", name,
              name[0] != '\0' ? ": " : "", text);
}

static gboolean
wait_for_signal(CtlMonitor *monitor, GError **error)
{
    gboolean ticks = monitor->absent_since != 0 ||
                     (monitor->shown != NULL && ctl_progress_is_running(monitor->shown));
    int r = sd_bus_process(monitor->ctl->bus, NULL);

    if (r > 0)
        return TRUE;
    if (r == 0 && is_withdrawn(monitor)) { /* as far as all that was heard tells */
        set_withdrawn(monitor, error);
        return FALSE;
    }
    if (r == 0)
        r = sd_bus_wait(monitor->ctl->bus, ticks ? TICK_US : UINT64_MAX);
    if (r == 0 && monitor->shown != NULL && !monitor->ctl->json && ctl_format_is_terminal())
        ctl_progress_show(&monitor->progress, monitor->shown); /* time has passed */
    if (r < 0 && r != -EINTR) {
        ctl_error(error, CTL_NO_DAEMON, SD_BUS_ERROR_DISCONNECTED, "the system bus is gone: %s",
                  g_strerror(-r));
        return FALSE;
    }
    return TRUE;
}

int
ctl_monitor_run(CtlMonitor *monitor, GError **error)
{
    show_all(monitor);
    while (!monitor->finished) {
        if (!wait_for_signal(monitor, error) || !follow_up(monitor, error))
            return CTL_FAILED;
    }
    return monitor->exit_status;
}

int
ctl_monitor(Ctl *ctl, GError **error)
{
    g_autofree char *path =
        ctl->module != NULL ? g_strconcat(CTL_BUS_PATH "/Module/", ctl->module, NULL) : NULL;
    g_autoptr(CtlMonitor) monitor = ctl_monitor_new(ctl, path, error);

    return monitor != NULL ? ctl_monitor_run(monitor, error) : CTL_FAILED;
}
