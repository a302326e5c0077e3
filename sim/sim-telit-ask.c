/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit-ask.h"

#include <stdlib.h>
#include <string.h>

#include "sim-step.h"

/* The server's interval and the pause between two questions are not public. */
#define LIMIT_SECONDS 3600
#define REPEAT_SECONDS 60
/* The answer's way to the server and the server's word to begin. */
#define START_SECONDS 5
#define NOTIFY_SECONDS 10
/* As in the example of the LE910 V2 guide, page 500. */
#define PACKAGE_SIZE 4096

const SimTelitAskKind sim_telit_ask_me910c1 = {.delays = TRUE,
                                               .upgraded = "Module Upgraded To New Fw"};
/* Its firmware is older: #OTASUAN=? says (0,1),(0-2),(0,1). */
const SimTelitAskKind sim_telit_ask_le910_v2 = {
    .packages = TRUE, .keeps_report = TRUE, .upgraded = "Module Upgraded To New FW"};
const SimTelitAskKind sim_telit_ask_me310g1 = {.rings = TRUE,
                                               .upgraded = "Module Upgraded To New Fw"};

static SimTelitAsk *
ask_get(SimModule *module)
{
    return ((SimTelit *)module->state)->ask;
}

SimTelitAsk *
sim_telit_ask_new(const SimTelitAskKind *kind)
{
    SimTelitAsk *ask = g_new0(SimTelitAsk, 1);

    ask->kind = kind;
    ask->outcome = "none";
    sim_telit_events_reset(&ask->events);
    return ask;
}

static void
ask_stop_timers(SimTelitAsk *ask)
{
    g_clear_handle_id(&ask->timer, g_source_remove);
    g_clear_handle_id(&ask->limit_timer, g_source_remove);
}

void
sim_telit_ask_free(SimTelitAsk *ask)
{
    ask_stop_timers(ask);
    g_ptr_array_unref(ask->events.kept);
    g_free(ask->events.tty);
    g_clear_pointer(&ask->delta, g_uri_unref);
    g_clear_pointer(&ask->offer, g_uri_unref);
    g_free(ask);
}

void
sim_telit_ask_describe(const SimTelitAsk *ask, JsonBuilder *builder)
{
    static const char *const phases[] = {
        [SIM_ASK_IDLE] = "idle",         [SIM_ASK_ASKED] = "asked",
        [SIM_ASK_DELAYED] = "delayed",   [SIM_ASK_LOADING] = "loading",
        [SIM_ASK_CHECKING] = "checking", [SIM_ASK_ASKED_AGAIN] = "asked-again",
        [SIM_ASK_UPDATING] = "updating"};

    sim_describe_text(builder, "ask", phases[ask->phase]);
    sim_describe_text(builder, "ask-outcome", ask->outcome);
    sim_describe_number(builder, "questions", ask->questions);
    sim_describe_text(builder, "otaev-tty", ask->events.tty);
    sim_describe_number(builder, "otaev-mode", ask->events.mode);
    sim_describe_number(builder, "otaev-kept", ask->events.kept->len);
    sim_describe_number(builder, "oma-dm", ask->client_on);
}

void
sim_telit_ask_after(SimModule *module, double seconds, GSourceFunc func)
{
    SimTelitAsk *ask = ask_get(module);

    g_clear_handle_id(&ask->timer, g_source_remove);
    ask->timer = g_timeout_add(sim_ms(module->sim, seconds), func, module);
}

void
sim_telit_ask_end(SimModule *module, const char *outcome)
{
    SimTelitAsk *ask = ask_get(module);

    ask_stop_timers(ask);
    ask->phase = SIM_ASK_IDLE;
    ask->outcome = outcome;
    sim_log_event(module->log, "request ends: %s", outcome);
}

void
sim_telit_ask_load(SimModule *module)
{
    SimTelitAsk *ask = ask_get(module);

    ask_stop_timers(ask);
    ask->phase = SIM_ASK_LOADING;
    ask->outcome = "accepted";
    sim_step(module, "accepted");
    sim_telit_ask_after(module, START_SECONDS, sim_telit_ask_start_load);
}

static void
ask_question(SimModule *module)
{
    SimTelitAsk *ask = ask_get(module);

    ask->questions++;
    if (ask->kind->rings)
        sim_telit_ring(module, "DOWNLOAD");
    else if (ask->package)
        sim_telit_package_ask(module);
    else
        sim_telit_event(module, "Do you want to upgrade the firmware?");
    sim_step(module, "asked");
}

static gboolean
on_question(gpointer user_data)
{
    SimModule *module = user_data;

    ask_question(module);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_limit(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;

    telit->ask->limit_timer = 0;
    if (telit->ask->phase == SIM_ASK_ASKED_AGAIN)
        sim_telit_ota_clear(&telit->ota);
    sim_telit_ask_end(module, "timeout");
    if (telit->ask->kind->rings)
        sim_telit_event(module, "FOTA REQUEST DROPPED");
    else if (!telit->ask->package)
        sim_telit_event(module, "User Answer Timeout");
    return G_SOURCE_REMOVE;
}

static void
ask_limit(SimModule *module, double seconds)
{
    SimTelitAsk *ask = ask_get(module);
    guint ms = sim_ms(module->sim, seconds);

    g_clear_handle_id(&ask->limit_timer, g_source_remove);
    ask->limit_end = g_get_monotonic_time() + (gint64)ms * 1000;
    ask->limit_timer = g_timeout_add(ms, on_limit, module);
}

void
sim_telit_ask_wait(SimModule *module, SimTelitAskPhase phase)
{
    SimTelitAsk *ask = ask_get(module);

    ask->phase = phase;
    ask_limit(module, ask->limit);
}

/* The guide does not say what an answer to no question gets; here it is OK, which says nothing. */
static void
ask_take_answer(SimModule *module, int answer)
{
    SimTelitAsk *ask = ask_get(module);

    if (ask->phase != SIM_ASK_ASKED && ask->phase != SIM_ASK_DELAYED)
        return;
    if (answer == 0) {
        sim_telit_ask_end(module, "rejected");
    } else if (answer == 1) {
        sim_telit_ask_load(module);
    } else {
        g_clear_handle_id(&ask->limit_timer, g_source_remove);
        ask->phase = SIM_ASK_DELAYED;
        ask->outcome = "delayed";
        sim_telit_ask_after(module, ask->repeat, on_question);
    }
}

SimResult
sim_telit_ask_run_answer(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = ask_get(module);
    int answer = -1, mode, flush;

    if (ask == NULL || ask->kind->rings)
        return SIM_UNKNOWN;
    mode = ask->events.mode;
    flush = ask->events.flush;
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#OTASUAN: ,%d,%d", mode, flush);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#OTASUAN: %s,(0-2),(0,1)",
                         ask->kind->delays ? "(0-2)" : "(0,1)");
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    if (!sim_command_number(command, 0, 0, ask->kind->delays ? 2 : 1, &answer) ||
        !sim_command_number(command, 1, 0, 2, &mode) ||
        !sim_command_number(command, 2, 0, 1, &flush))
        return SIM_CME_BAD_PARAMETERS;
    if (sim_command_arg(command, 1) != NULL)
        sim_telit_events_set(module, command, mode, flush);
    if (answer >= 0)
        ask_take_answer(module, answer);
    return SIM_OK;
}

/* Stored in the profile. No tty of USB has the line that it is about. */
SimResult
sim_telit_ask_run_ring(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = ask_get(module);
    int ring = 0;

    if (ask == NULL || ask->kind->rings)
        return SIM_UNKNOWN;
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#OTASETRI: %d", ask->ring);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#OTASETRI: (0,50-1150)");
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (!sim_command_number(command, 0, 0, 1150, &ring) || (ring > 0 && ring < 50))
        return SIM_CME_BAD_PARAMETERS;
    ask->ring = ring;
    return SIM_OK;
}

/* #OTAIPUPD: the module asks its server. The guide knows no question then. */
SimResult
sim_telit_ask_run_start(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = ask_get(module);

    if (ask == NULL || ask->kind->rings)
        return SIM_UNKNOWN;
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#OTAIPUPD: %d", ask->phase >= SIM_ASK_LOADING);
    if (command->form != SIM_FORM_EXEC)
        return command->form == SIM_FORM_SET ? SIM_ERROR : SIM_OK;
    if (ask->phase >= SIM_ASK_LOADING)
        return SIM_CME_NOT_ALLOWED;
    g_clear_pointer(&ask->delta, g_uri_unref);
    ask->delta = ask->offer != NULL ? g_uri_ref(ask->offer) : NULL;
    sim_telit_ask_load(module);
    return SIM_OK;
}

static GUri *
parse_delta(const char *text, GError **error)
{
    GUri *uri = g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, error);

    if (uri != NULL && (!g_str_equal(g_uri_get_scheme(uri), "ftp") || g_uri_get_host(uri) == NULL ||
                        strlen(g_uri_get_path(uri)) < 2)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "%s: not ftp://USER:PASSWORD@HOST:PORT/FILE", text);
        g_clear_pointer(&uri, g_uri_unref);
    }
    return uri;
}

gboolean
sim_telit_ask_set_limit(SimModule *module, const char *seconds)
{
    SimTelitAsk *ask = ask_get(module);
    char *end = NULL;
    double limit = g_ascii_strtod(seconds, &end);

    if ((ask->phase != SIM_ASK_ASKED && ask->phase != SIM_ASK_ASKED_AGAIN) || limit < 0 ||
        end == seconds || *end != '\0')
        return FALSE;
    ask_limit(module, limit);
    return TRUE;
}

gboolean
sim_telit_ask_set_offer(SimTelitAsk *ask, const char *uri)
{
    g_clear_pointer(&ask->offer, g_uri_unref);
    if (uri[0] == '\0')
        return TRUE;
    ask->offer = parse_delta(uri, NULL);
    return ask->offer != NULL;
}

/* KEY=VALUE behind the delta. */
static gboolean
ask_take_options(SimTelitAsk *ask, char **words, gboolean *automatic, GError **error)
{
    ask->limit = LIMIT_SECONDS;
    ask->repeat = REPEAT_SECONDS;
    ask->twice = ask->once = ask->package = FALSE;
    ask->size = PACKAGE_SIZE;
    *automatic = FALSE;
    for (guint i = 0; words[i] != NULL; i++) {
        if (g_str_has_prefix(words[i], "limit=")) {
            ask->limit = atof(words[i] + strlen("limit="));
        } else if (g_str_has_prefix(words[i], "repeat=")) {
            ask->repeat = atof(words[i] + strlen("repeat="));
        } else if (g_str_equal(words[i], "automatic=1")) {
            *automatic = ask->once = TRUE;
        } else if (ask->kind->rings && g_str_equal(words[i], "twice=1")) {
            ask->twice = TRUE;
        } else if (ask->kind->rings && g_str_equal(words[i], "once=1")) {
            ask->once = TRUE;
        } else if (ask->client_on && g_str_has_prefix(words[i], "oma-dm=")) {
            ask->package = TRUE;
            ask->size = g_ascii_strtoull(words[i] + strlen("oma-dm="), NULL, 10);
        } else {
            g_set_error(
                error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s' is none of limit=SECONDS, repeat=SECONDS, automatic=1, twice=1, once=1, "
                "oma-dm=SIZE, as far as this module has them",
                words[i]);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
sim_telit_ask(SimModule *module, const char *text, GError **error)
{
    SimTelit *telit = module->state;
    SimTelitAsk *ask = telit->ask;
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    GUri *delta = NULL;
    gboolean automatic = FALSE;

    if (!module->running || telit->apply_step > 0 || !sim_module_is_unlocked(module) ||
        !sim_module_is_registered(module) || ask->phase >= SIM_ASK_LOADING)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                    "%s cannot ask now: it is off, offline, or updating", module->imei);
    else if (words[0] == NULL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no delta to ask about");
    else if (ask_take_options(ask, words + 1, &automatic, error))
        delta = parse_delta(words[0], error);
    if (delta == NULL)
        return FALSE;
    ask_stop_timers(ask);
    g_clear_pointer(&ask->delta, g_uri_unref);
    ask->delta = delta;
    if (automatic) {
        if (!ask->kind->rings)
            sim_telit_event(module, "Automatic Fw Upgrade Requested");
        sim_telit_ask_load(module);
        return TRUE;
    }
    ask->outcome = "asked";
    sim_telit_ask_wait(module, SIM_ASK_ASKED);
    ask_question(module);
    return TRUE;
}

void
sim_telit_ask_stopped(SimModule *module)
{
    SimTelit *telit = module->state;
    SimTelitAsk *ask = telit->ask;

    ask_stop_timers(ask);
    sim_telit_events_reset(&ask->events);
    if (ask->phase == SIM_ASK_UPDATING || ask->phase == SIM_ASK_IDLE)
        return;
    if (ask->phase == SIM_ASK_CHECKING || ask->phase == SIM_ASK_ASKED_AGAIN)
        sim_telit_ota_clear(&telit->ota);
    sim_telit_ask_end(module, "restarted");
}

void
sim_telit_ask_offline(SimModule *module)
{
    if (ask_get(module)->phase == SIM_ASK_LOADING)
        sim_telit_ask_fail(module);
}

static gboolean
on_notify(gpointer user_data)
{
    SimModule *module = user_data;

    ask_get(module)->timer = 0;
    sim_telit_event(module, "Server notified about successfull FW Upgrade");
    return G_SOURCE_REMOVE;
}

void
sim_telit_ask_updated(SimModule *module, gboolean good)
{
    if (ask_get(module)->phase != SIM_ASK_UPDATING)
        return;
    sim_telit_ask_end(module, good ? "upgraded" : "failed");
    if (good && !ask_get(module)->kind->rings)
        sim_telit_ask_after(module, NOTIFY_SECONDS, on_notify);
}
