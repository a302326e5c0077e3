/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-csv.h"

/* What the tests of firmwarecheck.csv share. */

#define IMEI "353081090012345"
#define MODEL "ME910C1-NA"
#define OLD "30.00.001-B026"
#define NEW "30.00.001-B026_FOTA"
#define COMMENT "role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=30.00.001-B026"
#define NO_CODE (-1)

/* The line of MultiTech's session log. */
#define SEED NEW "," NEW ".bin,2017-01-31,,USERNAME,PASSWORD"

/* Which of them are taken: signed ones; all. */
extern const FotaCsvSource test_csv_by_signature;
extern const FotaCsvSource test_csv_unsigned_too;

/* Without a keyring; test_csv_open() has one with key 1. */
FotaTrustFacts test_csv_make_facts(void);

/* @comment: of the signature; NULL = unsigned. */
FotaManifest *test_csv_open(const char *csv, const char *comment, const FotaCsvSource *source,
                            const FotaTrustFacts *facts, GError **error);
/* One that is taken. */
FotaManifest *test_csv_open_good(const char *csv, const char *comment, const FotaCsvSource *source);
/* One that is refused with this FotaPolicyError, whose message says this. */
void test_csv_assert_refused(const char *csv, const char *comment, const FotaCsvSource *source,
                             int code, const char *says);
