/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-sim-pin.h"

#include <string.h>
#include <syslog.h>

#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-pin.h"

struct _FotaSimPin {
    FotaPartOwner owner;
    FotaStore *store;
    FotaRecord *record;
    FotaMm *mm;
    char *path;       /* ModemManager's object, "" = not there */
    char *credential; /* file */
    char *announced;  /* start of the module for which the error was announced */
    gboolean news;    /* and is to be */
    GError *error;
    char *start;      /* of the module, as ModemManager last said */
    char *unsent;     /* why the recorded attempt was not made; NULL = it was */
    gboolean busy;    /* an attempt is being recorded or made: no other is begun */
    gboolean anew;    /* after it, the configured PIN may be another one */
    gboolean pending; /* one was made, and ModemManager has yet to show what came of it */
    gboolean refused; /* the configured PIN is wrong */
    gboolean spent;   /* an attempt at this start of the module, which its count may lack yet */
    int attempts;     /* that are left, as ModemManager last said */
    int left_then;    /* before the last attempt */
};

FotaSimPin *
fota_sim_pin_new(FotaStore *store, FotaRecord *record, const FotaPartOwner *owner)
{
    FotaSimPin *pin = g_new0(FotaSimPin, 1);

    pin->owner = *owner;
    pin->store = store;
    pin->record = record;
    pin->path = g_strdup("");
    return pin;
}

void
fota_sim_pin_free(FotaSimPin *pin)
{
    g_free(pin->path);
    g_free(pin->credential);
    g_free(pin->announced);
    g_free(pin->start);
    g_free(pin->unsent);
    g_clear_error(&pin->error);
    g_free(pin);
}

/* Announces the error once per start of the module; it is shown while there is no other. */
static void
pin_leave(FotaSimPin *pin, const char *start, const char *why)
{
    g_clear_error(&pin->error);
    g_set_error(&pin->error, FOTA_ERROR, FOTA_ERROR_PIN_REQUIRED,
                "the SIM wants its PIN, and fotad does not enter it: %s; mmcli -i any --pin=...",
                why);
    if (g_strcmp0(pin->announced, start) == 0)
        return;
    fota_record_set(&pin->announced, start);
    pin->news = TRUE;
    fota_record_log(pin->record, LOG_WARNING, FOTA_EVENT_PIN_REQUIRED, "%s", pin->error->message);
}

/* One attempt to enter the PIN, at one start of the module. */
typedef struct {
    FotaSimPin *pin;
    GObject *owner;
    char *start; /* of the module */
    char *pin_text;
} Attempt;

static void
attempt_free(Attempt *attempt)
{
    g_object_unref(attempt->owner);
    g_free(attempt->start);
    explicit_bzero(attempt->pin_text, strlen(attempt->pin_text));
    g_free(attempt->pin_text);
    g_free(attempt);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attempt, attempt_free)

/* It is for another start of the module than this one. */
static gboolean
attempt_is_over(const Attempt *attempt)
{
    return strcmp(attempt->start, attempt->pin->start) != 0;
}

static void
pin_forget(FotaSimPin *pin)
{
    pin->anew = FALSE;
    pin->refused = FALSE;
    g_clear_pointer(&pin->unsent, g_free);
    fota_record_set(&pin->record->pin_tried, NULL);
}

/* The next look decides what follows. */
static void
pin_end_attempt(FotaSimPin *pin)
{
    pin->busy = FALSE;
    if (pin->anew)
        pin_forget(pin);
    fota_part_tell(&pin->owner);
}

static void
pin_entered(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Attempt) attempt = user_data;
    FotaSimPin *pin = attempt->pin;
    g_autoptr(GError) error = NULL;
    gboolean entered = fota_mm_send_pin_finish(pin->mm, result, &error);

    /* On success it stays pending until ModemManager shows that no PIN is required. */
    pin->pending = entered && !attempt_is_over(attempt);
    pin->refused = g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
    pin->spent = !attempt_is_over(attempt);
    if (error == NULL)
        fota_record_log(pin->record, LOG_INFO, FOTA_EVENT_NONE, "the SIM has accepted its PIN");
    else
        fota_record_log(pin->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the SIM's PIN could not be entered: %s", error->message);
    pin_end_attempt(pin);
}

static void
pin_attempt_recorded(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Attempt) attempt = user_data;
    FotaSimPin *pin = attempt->pin;
    g_autoptr(GError) error = NULL;

    if (!fota_store_save_finish(pin->store, result, &error)) {
        fota_record_log(pin->record, LOG_ERR, FOTA_EVENT_NONE, "the SIM's PIN is not entered: %s",
                        error->message);
        pin->unsent = g_strdup(error->message);
    } else if (!attempt_is_over(attempt) && !pin->anew && pin->path[0] == '\0') {
        /* Its modem object has gone, and may come back of the same start. */
        fota_record_set(&pin->record->pin_tried, NULL);
    } else if (!attempt_is_over(attempt) && !pin->anew) {
        fota_mm_send_pin_async(pin->mm, pin->path, attempt->pin_text, pin_entered, attempt);
        attempt = NULL;
        return;
    }
    pin_end_attempt(pin);
}

/* The attempt is recorded before it is made, so that a killed fotad does not make a second; where
 * there is no PIN to enter, none is. */
static void
pin_enter(FotaSimPin *pin, const char *start)
{
    g_autoptr(GError) error = NULL;
    char *text = fota_credential_read_pin(pin->credential, &error);
    Attempt *attempt;

    if (text == NULL) {
        pin_leave(pin, start, error->message);
        return;
    }
    attempt = g_new0(Attempt, 1);
    attempt->pin = pin;
    attempt->owner = g_object_ref(pin->owner.object);
    attempt->start = g_strdup(start);
    attempt->pin_text = text;
    pin->busy = TRUE;
    pin->left_then = pin->attempts;
    fota_record_set(&pin->record->pin_tried, start);
    g_clear_pointer(&pin->unsent, g_free);
    fota_store_save_async(pin->store, pin->record, NULL, pin_attempt_recorded, attempt);
}

void
fota_sim_pin_look(FotaSimPin *pin, FotaMm *mm, const FotaModemFacts *facts, const char *credential)
{
    FotaPinFacts pin_facts = {.configured = credential != NULL};
    const char *why;

    pin->mm = mm;
    fota_record_set(&pin->path, facts != NULL ? facts->path : NULL);
    fota_record_set(&pin->credential, credential);
    if (facts == NULL)
        return;
    if (g_strcmp0(pin->start, facts->start) != 0) {
        pin->spent = FALSE;
        g_clear_pointer(&pin->unsent, g_free);
    }
    fota_record_set(&pin->start, facts->start);
    if (pin->busy)
        return;
    pin_facts.wanted = facts->pin_wanted;
    /* An attempt counts for one start of the module, since each start requires the PIN again. */
    pin->pending =
        pin->pending && facts->pin_wanted && strcmp(pin->record->pin_tried, facts->start) == 0;
    if (pin->pending)
        return;
    /* After a failed attempt ModemManager may not have updated its count yet. */
    pin->attempts = pin->spent ? MIN(facts->pin_attempts, pin->left_then - 1) : facts->pin_attempts;
    pin_facts.attempts = pin->attempts;
    pin_facts.tried = strcmp(pin->record->pin_tried, facts->start) == 0;
    pin_facts.refused = pin->refused;
    switch (fota_pin_decide(&pin_facts, &why)) {
    case FOTA_PIN_ENTER:
        pin_enter(pin, facts->start);
        break;
    case FOTA_PIN_LEAVE:
        pin_leave(pin, facts->start, pin->unsent != NULL ? pin->unsent : why);
        break;
    case FOTA_PIN_NOTHING:
        g_clear_error(&pin->error);
        break;
    }
}

const GError *
fota_sim_pin_get_error(FotaSimPin *pin)
{
    return pin->error;
}

gboolean
fota_sim_pin_take_news(FotaSimPin *pin, int *attempts)
{
    gboolean news = pin->news;

    pin->news = FALSE;
    *attempts = pin->attempts;
    return news;
}

void
fota_sim_pin_forget(FotaSimPin *pin)
{
    if (pin->busy)
        pin->anew = TRUE;
    else
        pin_forget(pin);
}
