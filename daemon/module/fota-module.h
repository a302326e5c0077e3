/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "daemon/fota-context.h"
#include "daemon/fota-record.h"

G_BEGIN_DECLS

/**
 * One cellular module, known by its IMEI, and the life of its updates. Lives on the main loop; none
 * of these functions blocks. A facade: its parts own what is known (fota-parts.h), policy/fota-next
 * decides what happens, and this object gathers, asks, acts and shows.
 *
 * Times are microseconds of UTC since the epoch, 0 = never or none.
 *
 * Signals:
 * - "changed" (const char *property): what D-Bus shows under this name has changed
 * - "approval-requested" (const char *token, const char *gate, GVariant *update a{sv}):
 *   gate is "download" or "install"
 * - "update-finished" (const char *id, const char *result, GVariant *details a{sv}):
 *   result is as in org.fotad.Fota1(5): "success", "failed", "restored" ...
 * - "pin-required" (int attempts): the SIM requires its PIN and fotad does not enter it; attempts
 *   left, -1 = unknown
 * - "job-ended" (): no thread works on this module any more
 * - "lost" (): ModemManager has stopped showing it, and nothing waits for its return
 */
#define FOTA_TYPE_MODULE (fota_module_get_type())
G_DECLARE_FINAL_TYPE(FotaModule, fota_module, FOTA, MODULE, GObject)

/**
 * The property @name of the D-Bus interface, with the type that it has there. Transfer none; NULL =
 * there is no such property.
 */
GVariant *fota_module_get_property(FotaModule *module, const char *name);

const char *fota_module_get_imei(FotaModule *module);
/** ModemManager's object; "/" while the module is absent. */
const char *fota_module_get_modem(FotaModule *module);
/** Whether an order to install may be out: then the gateway must keep its power. */
gboolean fota_module_keeps_power(FotaModule *module);

/** Finished updates, newest first, aa{sv}; at most @max, 0 = all. Transfer full, not floating. */
GVariant *fota_module_get_history(FotaModule *module, guint max);

/** The module and its finished updates, each step with its time, as a JSON text. Transfer full. */
char *fota_module_get_report(FotaModule *module);

/* What an application may ask. Each fails with a named error and then changes nothing. */

/** Reads the manifest now. The result shows in the properties. */
gboolean fota_module_check(FotaModule *module, GError **error);
/** Approves the update that @token stands for, at the current gate. */
gboolean fota_module_approve(FotaModule *module, const char *token, GError **error);
/** Rejects it until a manifest with another update arrives. @reason goes into the history. */
gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error);
/** Asks again after @seconds. */
gboolean fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error);
/** Stops it, unless the order to install may be out. */
gboolean fota_module_cancel(FotaModule *module, const char *token, GError **error);
/** The whole procedure, approval included, with nothing stored in the module or installed. */
gboolean fota_module_rehearse(FotaModule *module, GError **error);

/**
 * Finds out which version the module itself reports, which ModemManager may call otherwise, and
 * returns it. The module is asked once; that may take it from the host for a minute, whatever
 * blocks an update, unless an application inhibits.
 */
void
fota_module_ask_version_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data);
char *fota_module_ask_version_finish(FotaModule *module, GAsyncResult *result, GError **error);

/**
 * Waits until everything that was changed so far, an answer among it, is on disk.
 *
 * FOTA_ERROR_RECORD_NOT_WRITABLE when it could not be written: the answer holds, but only until
 * fotad ends.
 */
void
fota_module_wait_saved_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_module_wait_saved_finish(FotaModule *module, GAsyncResult *result, GError **error);

/** What would be done, why, and what blocks it, as a JSON text. Touches nothing. */
char *fota_module_plan(FotaModule *module);

/** Identity of module, SIM and network, a{sv}, as ModemManager knows it now. Transfer full. */
GVariant *fota_module_query(FotaModule *module, GError **error);

/** What an update service is told about the module, a{sv} of texts. Transfer full. */
GVariant *fota_module_get_registration(FotaModule *module, GError **error);

/* For fota-module-requests.c, which has all of the above, and fota-module-events.c. */

typedef struct _FotaParts FotaParts;
FotaParts *fota_module_get_parts(FotaModule *module);

/* For the manager, which owns all modules. */

/** Takes @record; @context outlives the module. */
FotaModule *fota_module_new(FotaContext *context, FotaRecord *record);
/** Decides what happens next, after every event; calling it again changes nothing. */
void fota_module_decide(FotaModule *module);
/** ModemManager shows the module, or no longer shows it. */
void fota_module_seen(FotaModule *module, const FotaModemFacts *facts);
void fota_module_gone(FotaModule *module);
/** A text message to the module asks for a check. It never carries a decision. */
void fota_module_push(FotaModule *module);
/** ModemManager uses the ports of device @uid during an update, or has released them again. */
void fota_module_guarded(FotaModule *module, const char *uid, gboolean guarded);
/** The wall clock was set. */
void fota_module_clock_set(FotaModule *module);
/** Configuration and keys were read again. */
void fota_module_reload(FotaModule *module);
/** Ends what may be ended. TRUE if nothing runs; otherwise "job-ended" follows. */
gboolean fota_module_stop(FotaModule *module);

G_END_DECLS
