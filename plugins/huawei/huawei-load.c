/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/huawei/huawei-load.h"

#include "plugins/huawei/huawei-errors.h"
#include "plugins/huawei/huawei-setup.h"

/* Idle answers in a row after which the module has given up without saying so. */
#define MAX_IDLE 2
/* So many restarts of the module without a new byte. */
#define MAX_RESTARTS 5

typedef struct {
    FotaSession *session;
    guint pause;
    int number; /* the last state */
    guint64 received, total;
    guint percent;
    gint64 moved;   /* when the last new byte came */
    gint64 resumed; /* when ^FOTADL=1 was sent */
    guint idle;     /* times in a row */
    guint restarts; /* without a new byte */
} Load;

/* The total may turn out larger than was announced, and the percentage must not run backwards. */
static void
load_report(Load *load)
{
    if (load->total > 0)
        load->percent = MAX(load->percent, (guint)(load->received * 100 / load->total));
    fota_session_report_progress(load->session, load->percent);
    fota_session_report_bytes(load->session, load->received, load->total);
}

/* The two numbers at the end of `^FOTADLQ: 2,"XNV",47104,77778`; the order is the model's. */
static void
load_add_file(Load *load, const char *line, guint64 *received, guint64 *total)
{
    g_auto(GStrv) fields = g_strsplit(line, ",", -1);
    guint n = g_strv_length(fields);
    gboolean received_first = fota_session_get_number(load->session, "ReceivedFirst") != 0;
    guint64 a, b;

    if (!g_str_has_prefix(line, "^FOTADLQ:") || n < 4)
        return;
    a = huawei_parse_size(fields[n - 2]);
    b = huawei_parse_size(fields[n - 1]);
    *total += received_first ? b : a;
    *received += MIN(a, b);
}

/* Files may be listed only as they come: the total is never less than was announced. */
static void
load_read_progress(Load *load)
{
    g_auto(GStrv) lines = fota_session_command(load->session, "AT^FOTADLQ", 0, NULL);
    guint64 received = 0;
    guint64 total = 0;

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
        load_add_file(load, lines[i], &received, &total);
    load->total = MAX(load->total, total);
    received = MIN(received, load->total);
    if (received <= load->received)
        return;
    load->received = received;
    load->moved = fota_session_get_time(load->session);
    load->restarts = 0;
    load_report(load);
}

/* At once, and then only now and then: the network may be away for long. */
static void
load_resume(Load *load)
{
    gint64 now = fota_session_get_time(load->session);
    g_autoptr(GError) error = NULL;

    if (load->number == HUAWEI_SUSPENDED &&
        now - load->resumed < fota_session_get_number(load->session, "ResumePause"))
        return;
    load->resumed = now;
    fota_session_note(load->session, "the download is suspended; resuming it");
    if (!fota_session_order(load->session, "AT^FOTADL=1", 0, &error))
        fota_session_note(load->session, "it does not resume yet: %s", error->message);
}

static FotaResult
load_fail(Load *load, const char *what, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED, "%s (state %d: %s)",
                what, load->number, huawei_state_text(load->number));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* One state. FALSE when it is the end, which is then in *@result. */
static gboolean
load_judge(Load *load, const HuaweiState *state, FotaResult *result, GError **error)
{
    if (huawei_state_is_failure(state)) {
        *result = huawei_fail(state, error);
        return FALSE;
    }
    switch (state->number) {
    case HUAWEI_ASKING:
    case HUAWEI_OFFER:
        break;
    case HUAWEI_LOADING:
        load_read_progress(load);
        break;
    case HUAWEI_SUSPENDED:
        load_resume(load);
        break;
    case HUAWEI_READY:
    case HUAWEI_FLASHING:
    case HUAWEI_DONE_KEPT:
    case HUAWEI_DONE:
        fota_session_note(load->session, "the module has gone on by itself: %s",
                          huawei_state_text(state->number));
        G_GNUC_FALLTHROUGH;
    case HUAWEI_LOADED:
        load->received = load->total;
        load_report(load);
        fota_session_report_progress(load->session, 100);
        *result = FOTA_RESULT_DONE;
        return FALSE;
    case HUAWEI_IDLE:
    case HUAWEI_NOTHING_NEWER:
        break;
    default:
        if (state->number != load->number)
            fota_session_note(load->session, "the module reports state %d: %s", state->number,
                              huawei_state_text(state->number));
    }
    return TRUE;
}

/* After each look. FALSE when nothing has arrived for too long. */
static gboolean
load_is_in_time(Load *load, FotaResult *result, GError **error)
{
    gint64 quiet = fota_session_get_time(load->session) - load->moved;

    if (quiet < fota_session_get_number(load->session, "StallTime"))
        return TRUE;
    *result = load_fail(load, "nothing more arrives; check signal and subscription", error);
    return FALSE;
}

/* What load_judge() has left open. FALSE when nothing moves any more. */
static gboolean
load_is_alive(Load *load, const HuaweiState *state, FotaResult *result, GError **error)
{
    load->number = state->number;
    load->idle = huawei_state_is_over(state) ? load->idle + 1 : 0;
    if (load->idle >= MAX_IDLE) {
        *result = load_fail(load, "the module has given the download up without saying why", error);
        return FALSE;
    }
    return load_is_in_time(load, result, error);
}

/* The module has left: it restarts by itself. What it holds of the delta is kept. */
static gboolean
load_wait_for_return(Load *load, GError *gone, FotaResult *result, GError **error)
{
    g_autoptr(GError) owned = gone;

    *result = FOTA_RESULT_FAILED_FOR_NOW;
    if (++load->restarts > MAX_RESTARTS ||
        !g_error_matches(owned, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE)) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return FALSE;
    }
    fota_session_note(load->session, "the module has left during the download");
    if (!fota_session_wait_back(load->session,
                                fota_session_get_number(load->session, "ReturnLimit"), error))
        return FALSE;
    load->number = HUAWEI_IDLE;
    load->moved = fota_session_get_time(load->session);
    *result = huawei_configure(load->session, error);
    return *result == FOTA_RESULT_DONE;
}

FotaResult
huawei_load(FotaSession *session, guint64 size, GError **error)
{
    Load load = {.session = session, .total = size, .number = HUAWEI_IDLE};
    FotaResult result = FOTA_RESULT_FAILED_FOR_NOW;
    gboolean goes_on = TRUE;

    load.pause = fota_session_get_number(session, "LoadPause");
    load.moved = fota_session_get_time(session);
    while (goes_on) {
        g_auto(HuaweiState) state = {0};
        g_autoptr(GError) local_error = NULL;

        if (huawei_state_next(session, load.pause, &state, &local_error))
            goes_on = load_judge(&load, &state, &result, error) &&
                      load_is_alive(&load, &state, &result, error);
        else if (huawei_state_is_untold(local_error))
            goes_on = load_is_in_time(&load, &result, error);
        else
            goes_on = load_wait_for_return(&load, g_steal_pointer(&local_error), &result, error);
    }
    huawei_get_opened(session)->loading =
        result != FOTA_RESULT_DONE && load.number == HUAWEI_LOADING;
    return result;
}
