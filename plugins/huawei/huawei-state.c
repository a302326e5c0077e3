/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/huawei/huawei-state.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "^FOTASTATE:"
/* The documented numbers have three. */
#define MAX_DIGITS 6
/* Unanswered questions after which the module counts as gone (application guide of MU609, 1.3.3).
 */
#define MAX_SILENCES 3

static const FotaCodeText texts[] = {
    {HUAWEI_IDLE, "idle"},
    {HUAWEI_ASKING, "asking Huawei's server"},
    {HUAWEI_OFFER, "a newer version was found"},
    {HUAWEI_ASK_FAILED, "Huawei's server could not be asked"},
    {HUAWEI_NOTHING_NEWER, "nothing newer"},
    {HUAWEI_LOAD_FAILED, "the download failed"},
    {HUAWEI_LOADING, "downloading"},
    {HUAWEI_SUSPENDED, "the download is suspended"},
    {HUAWEI_LOADED, "downloaded"},
    {HUAWEI_READY, "ready to install"},
    {HUAWEI_FLASHING, "installing"},
    {HUAWEI_FAILED_KEPT, "the installation failed, the delta is still there"},
    {HUAWEI_FAILED, "the installation failed"},
    {HUAWEI_DONE_KEPT, "installed, the delta is still there"},
    {HUAWEI_DONE, "installed"},
    {HUAWEI_BAD_SIGNATURE, "the delta's signature was not accepted"},
    {0, NULL},
};

void
huawei_state_clear(HuaweiState *state)
{
    g_free(state->offer);
    *state = (HuaweiState){0};
}

/* The number that @text begins with, and where it ends; -1 when there is none, or one too large. */
static int
read_number(const char *text, const char **end)
{
    gsize digits = strspn(text, "0123456789");

    *end = text + digits;
    return digits > 0 && digits <= MAX_DIGITS ? atoi(text) : -1;
}

/* `12,<offer>`, `80,<code>`, or a number alone. */
static gboolean
heard_parse(const char *rest, FotaHeard *heard)
{
    const char *end;

    heard->number = read_number(rest, &end);
    if (heard->number < 0 || (*end != '\0' && *end != ','))
        return FALSE;
    if (heard->number == HUAWEI_OFFER)
        heard->text = g_strdup(*end == ',' ? end + 1 : "");
    else if (*end == ',')
        heard->code = read_number(end + 1, &end);
    return TRUE;
}

const FotaUnsolicited huawei_unsolicited[] = {
    {PREFIX, FOTA_LINE_STATE, heard_parse},
    {NULL, 0, NULL},
};

static void
state_take(HuaweiState *state, FotaHeard *heard)
{
    huawei_state_clear(state);
    state->number = (int)heard->number;
    state->code = (int)heard->code;
    state->offer = g_steal_pointer(&heard->text);
}

/* FALSE when @line is no report of a state. */
static gboolean
state_parse(const char *line, HuaweiState *state)
{
    g_auto(FotaHeard) heard = {.code = -1};
    const char *rest = fota_line_after(line, PREFIX);

    if (rest == NULL || !heard_parse(rest, &heard))
        return FALSE;
    state_take(state, &heard);
    return TRUE;
}

static GStrv
state_ask(FotaSession *session, GError **error)
{
    for (guint silences = 1;; silences++) {
        g_autoptr(GError) local_error = NULL;
        GStrv lines = fota_session_command(session,
                                           "AT"
                                           "^FOTASTATE?",
                                           0, &local_error);

        if (lines != NULL)
            return lines;
        if (silences < MAX_SILENCES &&
            g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT))
            continue;
        g_propagate_error(error, g_steal_pointer(&local_error));
        return NULL;
    }
}

gboolean
huawei_state_names_offer(const HuaweiState *state)
{
    return state->number == HUAWEI_OFFER &&
           strchr(" ,", state->offer[strspn(state->offer, " ")]) == NULL;
}

/* Idle says less than anything else, and so does an offer without its version behind one with it.
 */
static gboolean
says_less(const HuaweiState *other, const HuaweiState *state)
{
    return other->number == HUAWEI_IDLE ||
           (other->number == HUAWEI_OFFER && huawei_state_names_offer(state));
}

gboolean
huawei_state_read(FotaSession *session, HuaweiState *state, GError **error)
{
    g_auto(GStrv) lines = state_ask(session, error);
    gboolean found = FALSE;

    /* A report that comes by itself meanwhile cannot be told from the answer: both are looked at.
     */
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_auto(HuaweiState) other = {0};

        if (!state_parse(lines[i], &other) || (found && says_less(&other, state)))
            continue;
        huawei_state_clear(state);
        *state = other;
        other.offer = NULL;
        found = TRUE;
    }
    if (lines != NULL && !found)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "AT^FOTASTATE? was answered without a state");
    return found;
}

gboolean
huawei_state_is_untold(const GError *error)
{
    return g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) ||
           g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER);
}

gboolean
huawei_state_next(FotaSession *session, guint seconds, HuaweiState *state, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_auto(FotaHeard) heard = {0};
    gboolean found = fota_session_hear(session, seconds, &heard, &local_error);

    if (local_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    /* Idle may have been reported before what we wait for began. */
    if (found && heard.number != HUAWEI_IDLE) {
        state_take(state, &heard);
        return TRUE;
    }
    return huawei_state_read(session, state, error);
}

gboolean
huawei_state_read_result(FotaSession *session, HuaweiState *state, GError **error)
{
    g_auto(FotaHeard) heard = {0};

    while (fota_session_hear(session, 0, &heard, NULL)) {
        state_take(state, &heard);
        if (state->number >= HUAWEI_FAILED_KEPT && huawei_state_is_failure(state))
            return TRUE;
    }
    return huawei_state_read(session, state, error);
}

const char *
huawei_state_text(int number)
{
    const char *text = fota_code_text(texts, number);

    return text != NULL ? text : "a state that Huawei's documents do not list";
}

gboolean
huawei_state_is_under_way(const HuaweiState *state)
{
    return state->number >= HUAWEI_LOADING && state->number <= HUAWEI_FLASHING;
}

gboolean
huawei_state_is_failure(const HuaweiState *state)
{
    switch (state->number) {
    case HUAWEI_ASK_FAILED:
    case HUAWEI_LOAD_FAILED:
    case HUAWEI_FAILED_KEPT:
    case HUAWEI_FAILED:
    case HUAWEI_BAD_SIGNATURE:
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean
huawei_state_is_over(const HuaweiState *state)
{
    return state->number == HUAWEI_IDLE || state->number == HUAWEI_NOTHING_NEWER ||
           state->number == HUAWEI_DONE_KEPT || state->number == HUAWEI_DONE ||
           huawei_state_is_failure(state);
}

guint64
huawei_parse_size(const char *text)
{
    guint64 size;

    text += strspn(text, " ");
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &size, NULL) ? size : 0;
}

void
huawei_offer_parse(const char *text, FotaVendorOffer *offer)
{
    g_auto(GStrv) fields = g_strsplit(text, ",", 3);
    guint n = g_strv_length(fields);

    *offer = (FotaVendorOffer){0};
    if (n > 0 && fields[0][0] != '\0')
        offer->version = g_strdup(g_strstrip(fields[0]));
    if (n > 1)
        offer->size = huawei_parse_size(fields[1]);
    if (n > 2) {
        g_auto(GStrv) parts = g_strsplit(fields[2], "\"", -1);

        offer->text = g_strstrip(g_strjoinv("", parts));
    }
}
