/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-offer.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl/ctl-format.h"
#include "ctl/ctl-monitor.h"
#include "base/fota-units.h"

const char *
ctl_offer_get_version(GVariant *offer)
{
    const char *to = ctl_dict_get_text(offer, "to");

    return to[0] == '\0' && g_variant_n_children(offer) > 0 ? "(not told)" : to;
}

static gboolean
has_same(GVariant *offer, GVariant *shown, const char *name)
{
    return g_str_equal(ctl_dict_get_text(offer, name), ctl_dict_get_text(shown, name));
}

gboolean
ctl_offer_is_same(GVariant *offer, GVariant *shown)
{
    return has_same(offer, shown, "id") &&
           (ctl_dict_get_text(shown, "source")[0] == '\0' ||
            (has_same(offer, shown, "source") && has_same(offer, shown, "to")));
}

void
ctl_print_offer(GVariant *offer)
{
    guint64 deadline = ctl_dict_get_number(offer, "deadline");
    guint64 deferrable = ctl_dict_get_number(offer, "defer-until-at-most");
    guint64 outage = ctl_dict_get_number(offer, "expected-outage");
    g_autofree char *versions =
        g_strdup_printf("%s -> %s", ctl_dict_get_text(offer, "from"), ctl_offer_get_version(offer));
    g_autofree char *size = ctl_format_bytes(ctl_dict_get_number(offer, "size"));
    g_autofree char *deadline_text = ctl_format_time(deadline);
    g_autofree char *deferrable_text = ctl_format_time(deferrable);
    g_autofree char *outage_text = ctl_format_duration(outage);

    if (g_variant_n_children(offer) == 0)
        return;
    ctl_print_field("Update", ctl_dict_get_text(offer, "id"));
    ctl_print_field("  Title", ctl_dict_get_text(offer, "title"));
    ctl_print_field("  Versions", versions);
    ctl_print_field("  Wanted by", ctl_dict_get_text(offer, "source"));
    ctl_print_field("  Severity", ctl_dict_get_text(offer, "severity"));
    ctl_print_field("  Asks before", ctl_dict_get_text(offer, "gate"));
    ctl_print_field("  One gate", ctl_dict_get_number(offer, "one-gate")
                                      ? "yes, what is downloaded installs itself"
                                      : "");
    ctl_print_field("  Rehearsal",
                    ctl_dict_get_number(offer, "rehearsal") ? "yes, nothing is installed" : "");
    ctl_print_field("  Server", ctl_dict_get_text(offer, "server"));
    ctl_print_field("  Credential", ctl_dict_get_text(offer, "credential"));
    ctl_print_field("  Size", ctl_dict_get_number(offer, "size") != 0 ? size : "");
    ctl_print_field("  Outage", outage != 0 ? outage_text : "");
    ctl_print_field("  Deadline", deadline != 0 ? deadline_text : "");
    ctl_print_field("  Defer until", deferrable != 0 ? deferrable_text : "");
    ctl_print_field("  More", ctl_dict_get_text(offer, "info-uri"));
    ctl_print_field("  Token", ctl_dict_get_text(offer, "token"));
}

gboolean
ctl_ask_approval(Ctl *ctl, GVariant *offer, gboolean *agreed, GError **error)
{
    char answer[16];

    *agreed = ctl->yes;
    if (ctl->yes)
        return TRUE;
    if (ctl->json || !isatty(STDIN_FILENO)) {
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE,
                  "there is no terminal to ask on: give the token %s, or --yes",
                  ctl_dict_get_text(offer, "token"));
        return FALSE;
    }
    ctl_print_offer(offer);
    printf("Approve this update? [y/N] ");
    fflush(stdout);
    *agreed = fgets(answer, sizeof answer, stdin) != NULL && g_ascii_tolower(answer[0]) == 'y';
    return TRUE;
}

/*
 * The module, its offer, and the token to send: argument @index of the command line, else the
 * offered one. NULL with @error set if there is nothing to decide.
 */
static const char *
choose_offer(Ctl *ctl, guint index, CtlModule **module, GVariant **offer, GError **error)
{
    const char *given = NULL;

    if (g_strv_length(ctl->arguments) > index)
        given = ctl->arguments[index];
    *module = ctl_bus_choose_module(ctl, given, error);
    if (*module == NULL)
        return NULL;
    *offer = ctl_module_get_offer(*module);
    if (given != NULL)
        return given;
    if (g_variant_n_children(*offer) == 0) {
        ctl_error(error, CTL_NOT_OFFERED, CTL_ERROR_NOTHING_OFFERED,
                  "no update is offered to module %s. To check for one: fotactl check",
                  (*module)->imei);
        return NULL;
    }
    return ctl_dict_get_text(*offer, "token");
}

/* People get no output on success; with --json a program always gets a document. */
static int
print_done(Ctl *ctl, const CtlModule *module, const char *member)
{
    if (ctl->json)
        ctl_print_json(
            g_variant_new_parsed("{'module': <%s>, 'done': <%s>}", module->imei, member));
    return CTL_OK;
}

gboolean
ctl_check_read(Ctl *ctl, GError **error)
{
    if (!ctl->all || ctl->module == NULL)
        return TRUE;
    ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "give either --all or an IMEI");
    return FALSE;
}

int
ctl_check(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = NULL;

    if (ctl->all) {
        if (!ctl_bus_call(ctl, CTL_BUS_PATH, CTL_BUS_MANAGER, "CheckAll", NULL, error, ""))
            return CTL_FAILED;
        if (ctl->json)
            ctl_print_json(g_variant_new_parsed("{'done': <'CheckAll'>}"));
        return CTL_OK;
    }
    module = ctl_bus_choose_module(ctl, NULL, error);
    if (module == NULL ||
        !ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, "Check", NULL, error, ""))
        return CTL_FAILED;
    return print_done(ctl, module, "Check");
}

/* Sends @member and, with --wait, shows the update of @offer, or the rehearsal, until it has
 * ended. */
static int
start_and_watch(Ctl *ctl, const CtlModule *module, const char *member, const char *token,
                GVariant *offer, GError **error)
{
    g_autoptr(CtlMonitor) monitor = NULL;
    gboolean sent;

    if (ctl->wait) {
        monitor =
            ctl_monitor_new(ctl, module->path, error); /* before the call: to miss no signal */
        if (monitor == NULL)
            return CTL_FAILED;
        ctl_monitor_follow(monitor, offer);
    }
    sent = token != NULL
               ? ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, member, NULL, error, "s", token)
               : ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, member, NULL, error, "");
    if (!sent)
        return CTL_FAILED;
    return monitor != NULL ? ctl_monitor_run(monitor, error) : print_done(ctl, module, member);
}

int
ctl_approve(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = NULL;
    g_autoptr(GVariant) offer = NULL;
    const char *token = choose_offer(ctl, 0, &module, &offer, error);
    gboolean agreed;

    if (token == NULL)
        return CTL_FAILED;
    if (ctl->arguments[0] == NULL) {
        if (!ctl_ask_approval(ctl, offer, &agreed, error))
            return CTL_FAILED;
        if (!agreed) {
            puts("Not approved.");
            return CTL_FAILED;
        }
    }
    return start_and_watch(ctl, module, "Approve", token, offer, error);
}

int
ctl_reject(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = NULL;
    g_autoptr(GVariant) offer = NULL;
    const char *token = choose_offer(ctl, 0, &module, &offer, error);

    if (token == NULL || !ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, "Reject", NULL, error,
                                       "ss", token, ctl->reason != NULL ? ctl->reason : ""))
        return CTL_FAILED;
    return print_done(ctl, module, "Reject");
}

gboolean
ctl_defer_read(Ctl *ctl, GError **error)
{
    if (fota_parse_duration(ctl->arguments[0], &ctl->seconds))
        return TRUE;
    ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE,
              "'%s' is not a duration; write it as 90s, 30min, 4h, 1d or \"1d 12h\"",
              ctl->arguments[0]);
    return FALSE;
}

int
ctl_defer(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = NULL;
    g_autoptr(GVariant) offer = NULL;
    const char *token = choose_offer(ctl, 1, &module, &offer, error);

    if (token == NULL || !ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, "Defer", NULL, error,
                                       "st", token, ctl->seconds))
        return CTL_FAILED;
    return print_done(ctl, module, "Defer");
}

int
ctl_cancel(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = NULL;
    g_autoptr(GVariant) offer = NULL;
    const char *token = choose_offer(ctl, 0, &module, &offer, error);

    if (token == NULL ||
        !ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, "Cancel", NULL, error, "s", token))
        return CTL_FAILED;
    return print_done(ctl, module, "Cancel");
}

gboolean
ctl_rehearse_read(Ctl *ctl, GError **error)
{
    if (!ctl->yes || ctl->wait)
        return TRUE;
    ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE,
              "fotad asks for approval later: give --yes together with --wait");
    return FALSE;
}

int
ctl_rehearse(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);

    return module != NULL ? start_and_watch(ctl, module, "Rehearse", NULL, NULL, error)
                          : CTL_FAILED;
}
