/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-plan.h"

/* Manifests, facts and plans for the tests of plans and approvals. */

#define PLAN_IMEI "353081090012345"
/* The members of an update in two steps, from A over B to C. */
#define PLAN_CHAIN                                                                                 \
    "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\",\"delta\":{\"uri\":\"ftp://fw/a\","     \
    "\"size\":1000}},{\"fromVersion\":\"B\",\"toVersion\":\"C\",\"delta\":{\"uri\":\"ftp://fw/"    \
    "b\","                                                                                         \
    "\"size\":500}}]"

/* UTC, as a manifest writes it. */
gint64 test_plan_moment(const char *text);

/* Whose update has the id "u" and the members in @update; NULL = no update. */
FotaManifest *test_plan_make_manifest(const char *update);

/* Of a module that runs @revision, on a Saturday at noon, with nothing that blocks it. */
FotaFacts test_plan_make_facts(const char *revision);

FotaPlan *test_plan_make(const char *update, const FotaFacts *facts);
