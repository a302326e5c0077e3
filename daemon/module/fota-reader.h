/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-job.h"
#include "daemon/module/fota-accepted.h"

G_BEGIN_DECLS

/**
 * Fetches the manifest of a module and has it judged (fota-accepted.h). The signature of a csv is a
 * file beside it; it is put in front of the csv, which from then on is one file like any other
 * manifest.
 */
typedef struct _FotaReader FotaReader;

/** All arguments outlive it. */
FotaReader *fota_reader_new(const FotaContext *context, FotaRecord *record, FotaPoller *poller,
                            FotaAccepted *accepted, const FotaPartOwner *owner);
void fota_reader_free(FotaReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaReader, fota_reader_free)

/**
 * Reads the manifest by the host, or, if `Uri=` is empty, accepts whatever the vendor's server
 * offers. Tells the owner when it has ended.
 */
void fota_reader_start(FotaReader *reader);
gboolean fota_reader_is_busy(FotaReader *reader);
/** Stops what is under way, and tells the owner. */
void fota_reader_stop(FotaReader *reader);

/** A job that read the file through the module has ended. */
void fota_reader_take_job(FotaReader *reader, const FotaJobEnd *end);
/** The manifest cannot be read at all. Takes @error. */
void fota_reader_fail(FotaReader *reader, GError *error);

/** The number of checks that have ended; the error of the last one, NULL = success. */
guint fota_reader_get_checks(FotaReader *reader);
const GError *fota_reader_get_error(FotaReader *reader);

G_END_DECLS
