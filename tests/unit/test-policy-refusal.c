/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-refusal.h"

#include "test-policy-next-cases.h"

#define ON(name) FOTA_REQUEST_##name
#define IS(name) FOTA_REFUSAL_##name

/* clang-format off */
static const struct {
    FotaRequestKind request;
    FotaRefusal refusal;
    FotaSituation situation;
} cases[] = {
    {ON(CANCEL), IS(NOT_CANCELLABLE), {REST, MARK(INSTALLING)}},
    {ON(CANCEL), IS(NOT_CANCELLABLE), {REST, MARK(INSTALLING), .presence = FOTA_PRESENCE_LOST}},
    {ON(CANCEL), IS(NOT_CANCELLABLE), {REST, UPDATE, RUNS(DOWNLOAD), MARK(INSTALLING),
        .one_gate = TRUE}},
    {ON(REJECT), IS(UPDATE_RUNS), {REST, MARK(INSTALLING)}},
    {ON(APPROVE), IS(UPDATE_RUNS), {REST, UPDATE, RUNS(DOWNLOAD)}},
    {ON(CANCEL), IS(NONE), {REST, UPDATE, RUNS(DOWNLOAD)}},
    {ON(CANCEL), IS(NONE), {REST, UPDATE, RUNS(FETCH), MARK(FETCHING)}},
    {ON(CANCEL), IS(NONE), {REST, UPDATE, RUNS(REHEARSE)}},
    {ON(CANCEL), IS(NONE), {REST, UPDATE}},
    {ON(CANCEL), IS(UPDATE_RUNS), {REST, RUNS(DISCARD)}},
    {ON(CANCEL), IS(NOTHING_OFFERED), {REST}},
    {ON(REJECT), IS(NOTHING_OFFERED), {REST, .manifest = FOTA_MANIFEST_DISTRUSTED,
        .planned = FALSE}},
    {ON(APPROVE), IS(NONE), {REST, PLAN(UPDATE), .check_due = TRUE}},
    /* What the module asks meanwhile is in nobody's way. */
    {ON(APPROVE), IS(NONE), {REST, PLAN(UPDATE), RUNS(LISTEN)}},
    {ON(DEFER), IS(NONE), {REST, PLAN(UPDATE), RUNS(ANSWER)}},
    {ON(REJECT), IS(NONE), {REST, ASKED, .listen_due = TRUE}},
    {ON(CHECK), IS(NONE), {REST, RUNS(LISTEN)}},
    {ON(CHECK), IS(UPDATE_RUNS), {REST, RUNS(LISTEN), .check_takes = TRUE}},
    {ON(CHECK), IS(NONE), {REST, RUNS(UNDO)}},
    {ON(CHECK), IS(UPDATE_RUNS), {REST, RUNS(UNDO), .check_takes = TRUE}},
    {ON(ASK_VERSION), IS(NONE), {REST, RUNS(LISTEN), .ask_takes = FALSE}},
    {ON(CANCEL), IS(NONE), {REST, ASKED, RUNS(FOLLOW)}},
    {ON(CANCEL), IS(NOT_CANCELLABLE), {REST, ASKED, MARK(INSTALLING)}},
    {ON(REHEARSE), IS(NOTHING_OFFERED), {REST, ASKED}},
    {ON(CHECK), IS(UPDATE_RUNS), {REST, RUNS(DOWNLOAD)}},
    {ON(CHECK), IS(CHECK_RUNS), {REST, RUNS(CHECK)}},
    {ON(CHECK), IS(ABSENT), {REST, .presence = FOTA_PRESENCE_LOST}},
    {ON(CHECK), IS(UNSUPPORTED), {REST, .supported = FALSE}},
    {ON(CHECK), IS(INHIBITED), {REST, .check_takes = TRUE, .inhibited = TRUE}},
    {ON(CHECK), IS(NONE), {REST, .inhibited = TRUE}},
    {ON(CHECK), IS(NONE), {REST, .check_takes = TRUE}},
    {ON(ASK_VERSION), IS(NONE), {REST, RUNS(CHECK)}},
    {ON(ASK_VERSION), IS(NONE), {REST, .blocked = TRUE, .planned = FALSE}},
    {ON(ASK_VERSION), IS(NONE), {REST, RUNS(INSPECT), .inhibited = TRUE,
        .presence = FOTA_PRESENCE_AWAY}},
    {ON(ASK_VERSION), IS(UPDATE_RUNS), {REST, RUNS(DOWNLOAD)}},
    {ON(ASK_VERSION), IS(UPDATE_RUNS), {REST, MARK(INSTALLING)}},
    {ON(ASK_VERSION), IS(UPDATE_RUNS), {REST, .crowded = TRUE}},
    {ON(ASK_VERSION), IS(NONE), {REST, RUNS(INSPECT), .crowded = TRUE}},
    {ON(ASK_VERSION), IS(ABSENT), {REST, .presence = FOTA_PRESENCE_AWAY}},
    {ON(ASK_VERSION), IS(UNSUPPORTED), {REST, .supported = FALSE}},
    {ON(ASK_VERSION), IS(INHIBITED), {REST, .inhibited = TRUE}},
    {ON(ASK_VERSION), IS(NONE), {REST, .inhibited = TRUE, .crowded = TRUE, .ask_takes = FALSE}},
    {ON(REHEARSE), IS(NOTHING_OFFERED), {REST}},
    {ON(REHEARSE), IS(NOTHING_OFFERED), {REST, PLAN(UPDATE), MARK(DOWNLOADED)}},
    {ON(REHEARSE), IS(UPDATE_READY), {REST, UPDATE}},
    {ON(REHEARSE), IS(NONE), {REST, UPDATE, .blocked = TRUE}},
    {ON(REHEARSE), IS(NONE), {REST, PLAN(UPDATE)}},
};
/* clang-format on */

static void
test_requests(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(fota_refusal_find(&cases[i].situation, cases[i].request), ==,
                        cases[i].refusal);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusal/requests", test_requests);
    return g_test_run();
}
