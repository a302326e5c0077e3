/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-trust.h"

G_BEGIN_DECLS

/**
 * SECTION: `firmwarecheck.csv` of MultiTech's Verizon FOTA guide, read as a manifest.
 *
 * One line of RFC 4180, no header, at least three columns; more are ignored:
 *
 *   1  version the module should run
 *   2  file of the delta: beside the csv, a path from the server's root, or (signed) an address
 *   3  next check: empty, `2027-01-31` (the module's slot of that day), or an RFC 3339 time in UTC
 *   4  server of the next check: `host`, `host:port` or `scheme://host`, empty = the same
 *   5  name of the credential for it; with a password in column 6 both are ignored
 *
 * The csv does not say for which module it is, from which version, and until when. A signed one
 * says so in minisign's trusted comment, as words separated by blanks, a blank inside as `%20`:
 *
 *   role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=353081090012345 from=30.00.001-B026
 *
 * `model=` instead of or beside `imei=`; both may be repeated. An unsigned one is valid for the
 * module that fetched it, from the configured version; the application is always asked, there is
 * one attempt, columns 4 to 6 are ignored, and the file must be on the server of the csv.
 */

/** The suffix that makes the csv's address that of its signature. */
#define FOTA_CSV_SIGNATURE ".minisig"

/** The limit of a csv in bytes, without its signature. */
#define FOTA_CSV_MAX_BYTES 4096

/** Whether a csv is accepted: [Manifest] LegacyCsv=. */
typedef enum {
    FOTA_CSV_NO,
    FOTA_CSV_SIGNED,
    FOTA_CSV_UNSIGNED,
} FotaCsvTrust;

/** What the csv itself does not contain. */
typedef struct {
    gboolean trusted; /* FALSE = the limits of an unsigned one hold */
    gint64 sequence_number;
    gint64 use_before;        /* µs */
    const char *const *imei;  /* NULL = any of @model */
    const char *const *model; /* NULL = any of @imei */
    const char *from;         /* base version of the delta */
    const char *uri;          /* where the csv comes from, placeholders filled in */
    const char *uri_template; /* the same with its placeholders */
    const char *credential;   /* of that server, NULL = none */
} FotaCsvTerms;

/**
 * fota_csv_to_json:
 *
 * Returns: (transfer full): the equivalent manifest as text; %NULL with ManifestTooLarge, or
 * BadManifest and the column. It leaves to the manifest's reader what that refuses.
 */
char *fota_csv_to_json(GBytes *csv, const FotaCsvTerms *terms, GError **error);

/** The file that fota_csv_open() reads: @csv with what is in its .minisig (%NULL = none) in front.
 */
GBytes *fota_csv_join(GBytes *csv, GBytes *minisig);

/** Where a csv comes from, as configured. */
typedef struct {
    FotaCsvTrust trust;
    const char *uri;        /* with its placeholders */
    const char *salt;       /* for these; NULL = none */
    const char *credential; /* NULL = none */
    const char *from;       /* base version for an unsigned one: [Manifest] CsvFrom=; NULL = none */
} FotaCsvSource;

/**
 * fota_csv_open:
 * @file: the csv as received; where it is signed, what firmwarecheck.csv.minisig holds in front
 *
 * As fota_trust_open() is for a manifest: signature, strict reading, fota_trust_judge(). Where
 * several trusted keys have signed, their comments must be the same. An unsigned csv has no
 * sequence number. Its digest covers only what would be installed, so that the same delta for the
 * same module stays the same offer whatever the next check is.
 *
 * Returns: (transfer full): a manifest to be acted on, or %NULL with the named error.
 */
FotaManifest *fota_csv_open(GBytes *file, const FotaCsvSource *source, const FotaTrustFacts *facts,
                            GError **error);

G_END_DECLS
