/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** What D-Bus shows of a module. Each change is told by the name of the property, once. */
typedef struct _FotaShown FotaShown;

FotaShown *
fota_shown_new(void (*changed)(const char *property, gpointer user_data), gpointer user_data);
void fota_shown_free(FotaShown *shown);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaShown, fota_shown_free)

void fota_shown_set_state(FotaShown *shown, FotaState state);
void fota_shown_set_blockers(FotaShown *shown, const char *const *blockers);
/** @error NULL clears LastError. */
void fota_shown_set_error(FotaShown *shown, const GError *error);
void fota_shown_set_error_text(FotaShown *shown, const char *name, const char *text);
/** Takes @update, which may be floating. */
void fota_shown_set_update(FotaShown *shown, GVariant *update);
/** Shows what @next has decided, and all that the parts themselves know. */
void fota_shown_follow(FotaShown *shown, const FotaParts *parts, const FotaNext *next);
/** Whether LastError is about anything else than a missing PIN. */
gboolean fota_shown_has_own_error(FotaShown *shown);
/** All that the parts themselves know. */
void fota_shown_look(FotaShown *shown, const FotaParts *parts);

FotaState fota_shown_get_state(FotaShown *shown);
const char *const *fota_shown_get_blockers(FotaShown *shown);
const char *fota_shown_get_error_name(FotaShown *shown);
const char *fota_shown_get_error_text(FotaShown *shown);
/** Transfer none. */
GVariant *fota_shown_get_update(FotaShown *shown);

/* Strings are "" when unknown; the path is "/" while ModemManager does not show the module. */
const char *fota_shown_get_plugin(const FotaParts *parts);
const char *fota_shown_get_modem(const FotaParts *parts);

G_END_DECLS
