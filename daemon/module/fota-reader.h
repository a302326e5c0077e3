/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-job.h"
#include "daemon/module/fota-poller.h"

G_BEGIN_DECLS

/**
 * Fetches, judges and keeps the manifest of a module. The signature of a csv is a file beside it;
 * it is put in front of the csv, which from then on is one file like any other manifest.
 */
typedef struct _FotaReader FotaReader;

/** Loads the manifest that was accepted last, if it still holds. */
FotaReader *fota_reader_new(const FotaContext *context, FotaKeeper *keeper, FotaPoller *poller,
                            const FotaPartOwner *owner);
void fota_reader_free(FotaReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaReader, fota_reader_free)

/**
 * Reads the manifest by the host, or, if `Uri=` is empty, makes one that accepts whatever the
 * vendor's server offers. Tells the owner when it has ended.
 */
void fota_reader_start(FotaReader *reader);
gboolean fota_reader_is_busy(FotaReader *reader);
/** Whether a file is read at all. */
gboolean fota_reader_reads_file(FotaReader *reader);
/** Stops what is under way, and tells the owner. */
void fota_reader_stop(FotaReader *reader);

/** A job that read the file through the module has ended. */
void fota_reader_take_job(FotaReader *reader, const FotaJobEnd *end);
/** The manifest cannot be read at all. Takes @error. */
void fota_reader_fail(FotaReader *reader, GError *error);

/** What such a job needs. Transfer full. */
char *fota_reader_get_uri(FotaReader *reader);
gboolean fota_reader_wants_signature(FotaReader *reader);

/** The keys have changed: drops a manifest that none of them has signed. */
void fota_reader_trust_anew(FotaReader *reader);

/** Accepted last; NULL = none. */
FotaManifest *fota_reader_get_manifest(FotaReader *reader);
/** Whether it still holds; errors of fota_trust_check(), and CredentialNotBound. */
gboolean fota_reader_check_trust(FotaReader *reader, GError **error);
/** The manifest has expired, and stays expired if the clock is set back. */
void fota_reader_note_expired(FotaReader *reader);

/** The number of checks that have ended; the error of the last one, NULL = success. */
guint fota_reader_get_checks(FotaReader *reader);
const GError *fota_reader_get_error(FotaReader *reader);

G_END_DECLS
