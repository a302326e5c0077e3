/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/**
 * What a module asks by itself becomes an offer like any other: it is made into a manifest that
 * nobody has signed, and that therefore always needs an approval.
 */

/**
 * @source: MODULE or CARRIER
 * @line: the question as the module has put it
 * @heard: when, µs: with the line, what tells one question from another
 *
 * Returns: (transfer full): the manifest; its digest and the update's id, source and moment, differ
 * from question to question.
 */
FotaManifest *
fota_question_make_manifest(const char *imei, FotaSource source, const char *line, gint64 heard);

/** The manifest beside the module's question. */
typedef struct {
    gboolean begun;    /* the manifest's update is under way */
    gboolean offered;  /* an update of it could be offered now */
    gint64 end;        /* µs until which it could, 0 = not known */
    gboolean deferred; /* the question is put off by the application */
    gint64 answer_by;  /* µs until which the module waits for its answer, 0 = not told */
} FotaQuestionRival;

/**
 * Whether the question is what is offered, and the manifest waits: the one that ends first, which a
 * question may do at any moment unless the module tells.
 */
gboolean fota_question_goes_first(const FotaQuestionRival *rival);

G_END_DECLS
