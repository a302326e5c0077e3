/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-job.h"
#include "daemon/module/fota-poller.h"

G_BEGIN_DECLS

/**
 * The manifest of a module: its file is fetched, judged, and kept. Of a csv that must be signed the
 * signature lies beside it, and is put in front: from there on it is one file like any other.
 */
typedef struct _FotaReader FotaReader;

/** Loads the manifest that was accepted last, if it still holds. */
FotaReader *fota_reader_new(const FotaContext *context, FotaKeeper *keeper, FotaPoller *poller,
                            const FotaPartOwner *owner);
void fota_reader_free(FotaReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaReader, fota_reader_free)

/**
 * Reads it by the host, or without a file where `Uri=` is empty: then whatever the vendor's server
 * offers is wanted. The owner is told when it has ended.
 */
void fota_reader_start(FotaReader *reader);
gboolean fota_reader_is_busy(FotaReader *reader);
/** Whether a file is read at all. */
gboolean fota_reader_reads_file(FotaReader *reader);
/** Gives up what is under way; the owner is told. */
void fota_reader_stop(FotaReader *reader);

/** The file was read through the module by a job, or was not. */
void fota_reader_take_job(FotaReader *reader, const FotaJobEnd *end);
/** It cannot be read at all. @error is taken. */
void fota_reader_fail(FotaReader *reader, GError *error);

/** What such a job needs. Transfer full. */
char *fota_reader_get_uri(FotaReader *reader);
gboolean fota_reader_wants_signature(FotaReader *reader);

/** The keys have changed: a manifest that none of them has signed counts no more. */
void fota_reader_trust_anew(FotaReader *reader);

/** Accepted last; NULL = none. */
FotaManifest *fota_reader_get_manifest(FotaReader *reader);
/** Whether it still holds; errors of fota_trust_check(), and CredentialNotBound. */
gboolean fota_reader_check_trust(FotaReader *reader, GError **error);
/** It has expired, and stays so when the clock is set back. */
void fota_reader_note_expired(FotaReader *reader);

/** How often a check has ended so far; what it ended with, NULL = well. */
guint fota_reader_get_checks(FotaReader *reader);
const GError *fota_reader_get_error(FotaReader *reader);

G_END_DECLS
