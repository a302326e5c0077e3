/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "policy/fota-state.h"

G_BEGIN_DECLS

/**
 * What D-Bus shows of a module: its properties, by name, and its signals. The module emits
 * "changed" with the name of a property that has changed, once for each change.
 */
typedef struct _FotaShown FotaShown;

/** @module, a FotaModule, outlives it. All properties but Imei are as of a module never seen. */
FotaShown *fota_shown_new(GObject *module, const char *imei);
void fota_shown_free(FotaShown *shown);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaShown, fota_shown_free)

/** Takes @value, which may be floating and has the type of @property on D-Bus. */
void fota_shown_set(FotaShown *shown, const char *property, GVariant *value);
void fota_shown_set_text(FotaShown *shown, const char *property, const char *text);
void fota_shown_set_state(FotaShown *shown, FotaState state);
/** @error NULL clears LastError. */
void fota_shown_set_error(FotaShown *shown, const GError *error);
void fota_shown_set_error_text(FotaShown *shown, const char *name, const char *text);

/** Transfer none; NULL = there is no such property. */
GVariant *fota_shown_get(FotaShown *shown, const char *property);
FotaState fota_shown_get_state(FotaShown *shown);
/** "" = none; valid until the next change. */
const char *fota_shown_get_error_name(FotaShown *shown);
/** Whether LastError is about anything else than a missing PIN. */
gboolean fota_shown_has_own_error(FotaShown *shown);

/** ApprovalRequested, about the update in Update. */
void fota_shown_request_approval(FotaShown *shown, const char *token, const char *gate);
/** UpdateFinished. Takes @details, a{sv}, which may be floating. */
void
fota_shown_announce_end(FotaShown *shown, const char *id, const char *result, GVariant *details);

G_END_DECLS
