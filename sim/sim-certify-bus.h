/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * The system bus, for `fota-sim certify`: what fotad offers for one module, and what anybody but
 * this program says to it about that. Hearing others takes a monitor of the bus, which only root
 * may have.
 */
typedef struct _CertifyBus CertifyBus;

/* Approve(), Reject() or Defer() of the application. */
typedef struct {
    char *sender;
    guint32 serial;
    char *method;
    char *token;
    gboolean replied;
    char *error; /* fotad's, without its prefix; NULL: accepted, once `replied` */
} CertifyAnswer;

CertifyBus *certify_bus_new(const char *imei, GError **error);
void certify_bus_free(CertifyBus *bus);

/* CertifyAnswer, the oldest first. */
GPtrArray *certify_bus_get_answers(CertifyBus *bus);
/* The update that a token stood for, by its id; NULL: none that was heard of. */
const char *certify_bus_get_id(CertifyBus *bus, const char *token);
/* The update that was offered last; NULL: none so far. */
const char *certify_bus_get_last_id(CertifyBus *bus);
/* The token that an update was last offered with; NULL: not offered so far. */
const char *certify_bus_get_token(CertifyBus *bus, const char *id);
/* How an update has ended; NULL: not so far. */
const char *certify_bus_get_result(CertifyBus *bus, const char *id);
/* The update that fotad shows now, NULL: none; notes its token, too. Free it. */
char *certify_bus_read_offer(CertifyBus *bus);
/* The module's firmware, NULL: fotad does not know the module, or is not there. Free it. */
char *certify_bus_read_revision(CertifyBus *bus);

/* A method of the module; takes @arguments, when floating. */
gboolean certify_bus_call(CertifyBus *bus, const char *method, GVariant *arguments, GError **error);
/* Whether fotad refuses a call only because it does something else just now. */
gboolean certify_bus_is_busy(const GError *error);
/* While it is on, fotad starts nothing, and still takes answers. Ends with fotad itself. */
gboolean certify_bus_set_inhibited(CertifyBus *bus, gboolean on, GError **error);

typedef gboolean (*CertifyCondition)(gpointer user_data);
/* Looks again whenever something happens on the bus or with a child, and now and then. FALSE: not
 * within the time. */
gboolean certify_bus_wait(CertifyCondition condition, gpointer user_data, double seconds);
