/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-certify.h"

#include <string.h>
#include <unistd.h>

/* Has fotad offer something, and waits for what fotad then does. */

typedef struct {
    Certify *certify;
    const char *id;
} Wanted;

static gboolean
is_offered(gpointer user_data)
{
    Wanted *wanted = user_data;

    return certify_bus_get_token(wanted->certify->bus, wanted->id) != NULL;
}

static gboolean
is_shown(gpointer user_data)
{
    Wanted *wanted = user_data;
    g_autofree char *id = certify_bus_read_offer(wanted->certify->bus);

    return g_strcmp0(id, wanted->id) == 0;
}

static gboolean
has_ended(gpointer user_data)
{
    Wanted *wanted = user_data;

    return certify_bus_get_result(wanted->certify->bus, wanted->id) != NULL;
}

/* What does not happen within the time, though it is not the application's turn. */
static gboolean
stage_wait(CertifyCondition condition, Wanted *wanted, double seconds, const char *what,
           GError **error)
{
    if (certify_bus_wait(condition, wanted, seconds))
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                "%s does not happen within %.0f s; fotactl status and the journal say why", what,
                seconds);
    return FALSE;
}

typedef struct {
    Certify *certify;
    GError **error;
    gboolean good;
} Check;

/* Whether fotad has taken the call or refused it for good. */
static gboolean
is_called(gpointer user_data)
{
    Check *check = user_data;
    g_autoptr(GError) error = NULL;

    check->good = certify_bus_call(check->certify->bus, "Check", NULL, &error);
    if (check->good)
        return TRUE;
    if (certify_bus_is_busy(error))
        return FALSE;
    g_propagate_error(check->error, g_steal_pointer(&error));
    return TRUE;
}

/* Has fotad read the manifest, which it does not while it reads another one or asks the module. */
static gboolean
check(Certify *self, GError **error)
{
    Check call = {self, error, FALSE};

    if (certify_bus_wait(is_called, &call, CERTIFY_OFFER_SECONDS))
        return call.good;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "fotad stays busy for %d s",
                CERTIFY_OFFER_SECONDS);
    return FALSE;
}

char *
certify_offer(Certify *self, CertifyUpdate update, GError **error)
{
    g_autofree char *id = g_strdup_printf("certify-%d-%u", (int)getpid(), ++self->offers);
    g_autofree char *from = certify_bus_read_revision(self->bus);
    g_autofree char *to = NULL;
    Wanted wanted = {self, id};

    if (from == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "fotad does not know module %s; start one with: fota-rehearsal start",
                    self->stage->imei);
        return NULL;
    }
    to = update == CERTIFY_DUMMY ? g_strdup(from) : g_strdup_printf("%.20s-%u", from, self->offers);
    if (!certify_stage_offer(self->stage, id, from, to, update == CERTIFY_TWO_GATES, error) ||
        !check(self, error) ||
        !stage_wait(is_offered, &wanted, CERTIFY_OFFER_SECONDS, "an offer", error))
        return NULL;
    return g_steal_pointer(&id);
}

static gboolean
is_another(gpointer user_data)
{
    Wanted *wanted = user_data;

    return g_strcmp0(certify_bus_get_last_id(wanted->certify->bus), wanted->id) != 0;
}

char *
certify_ask(Certify *self, GError **error)
{
    g_autofree char *before = g_strdup(certify_bus_get_last_id(self->bus));
    g_autofree char *from = certify_bus_read_revision(self->bus);
    g_autofree char *to = g_strdup_printf("%.20s-%u", from != NULL ? from : "", ++self->offers);
    Wanted wanted = {self, before};

    if (from == NULL || !certify_stage_ask(self->stage, from, to, error) ||
        !stage_wait(is_another, &wanted, CERTIFY_OFFER_SECONDS, "an offer of what the module asks",
                    error))
        return NULL;
    return g_strdup(certify_bus_get_last_id(self->bus));
}

static gboolean
is_withdrawn(gpointer user_data)
{
    Wanted *wanted = user_data;
    g_autofree char *id = certify_bus_read_offer(wanted->certify->bus);

    return id == NULL;
}

gboolean
certify_withdraw(Certify *self, GError **error)
{
    Wanted wanted = {self, NULL};

    return certify_stage_withdraw(self->stage, error) && check(self, error) &&
           stage_wait(is_withdrawn, &wanted, CERTIFY_OFFER_SECONDS, "the end of an offer", error);
}

gboolean
certify_prepare(Certify *self, GError **error)
{
    /* A module without a server of its own refuses the command before it looks at what follows. */
    g_autoptr(GError) refused = NULL;

    certify_stage_command(self->stage, "ask", "-", &refused);
    self->asks = refused == NULL || strstr(refused->message, "no server of its own") == NULL;
    return certify_bus_set_inhibited(self->bus, TRUE, error) && certify_withdraw(self, error);
}

gboolean
certify_wait_shown(Certify *self, const char *id, GError **error)
{
    Wanted wanted = {self, id};

    return stage_wait(is_shown, &wanted, CERTIFY_OFFER_SECONDS, "fotad's return", error);
}

gboolean
certify_wait_end(Certify *self, const char *id, double seconds, const char *what, GError **error)
{
    Wanted wanted = {self, id};

    return stage_wait(has_ended, &wanted, seconds, what, error);
}
