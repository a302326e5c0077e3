/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"
#include "base/fota-text.h"
#include "policy/fota-trust.h"
#include "test-policy-sign.h"

#include <string.h>

#define IMEI "353081090012345"
#define NO_CODE (-1)

static gint64
moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

static char *
make_text(gint64 sequence, const char *target)
{
    return g_strdup_printf("{\"manifestVersion\":1,\"sequenceNumber\":%" G_GINT64_FORMAT ","
                           "\"issued\":\"2026-11-21T04:00:00Z\","
                           "\"useBefore\":\"2026-12-21T00:00:00Z\",\"target\":%s,\"update\":{}}",
                           sequence, target);
}

static FotaTrustFacts
make_facts(void)
{
    return (FotaTrustFacts){
        .imei = IMEI, .model = "ME910C1-NA", .now = moment("2026-11-22T00:00:00Z")};
}

static void
assert_judged(const char *text, const FotaTrustFacts *facts, int code)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, text);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = fota_trust_open(file, keyring, TRUE, facts, &error);

    if (code == NO_CODE) {
        g_assert_no_error(error);
        g_assert_nonnull(manifest);
    } else {
        g_assert_error(error, FOTA_POLICY_ERROR, code);
        g_assert_null(manifest);
    }
}

static void
test_target(void)
{
    static const struct {
        const char *target;
        int code;
    } cases[] = {
        {"{\"imei\":[\"" IMEI "\"]}", NO_CODE},
        {"{\"imei\":[\"353081090012346\",\"" IMEI "\"]}", NO_CODE},
        {"{\"model\":[\"ME910C1-NA\"]}", NO_CODE},
        {"{\"imei\":[\"" IMEI "\"],\"model\":[\"X\",\"ME910C1-NA\"]}", NO_CODE},
        {"{\"imei\":[\"353081090012346\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"imei\":[\"353081090012346\"],\"model\":[\"ME910C1-NA\"]}",
         FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"imei\":[\"" IMEI "\"],\"model\":[\"ME910C1-NV\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"model\":[\"ME910C1\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"model\":[\"me910c1-na\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
    };
    FotaTrustFacts facts = make_facts();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = make_text(7, cases[i].target);

        assert_judged(text, &facts, cases[i].code);
    }
}

static void
test_imei_stays_private(void)
{
    g_autofree char *text = make_text(7, "{\"imei\":[\"353081090012346\"]}");
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, text);
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    g_assert_null(fota_trust_open(file, keyring, TRUE, &facts, &error));
    g_assert_null(strstr(error->message, "3530810900"));
}

static void
test_sequence(void)
{
    g_autofree char *same = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, same, -1);
    g_autofree char *other = g_strconcat(same, " ", NULL);
    g_autofree char *newer = make_text(8, "{\"model\":[\"ME910C1-NA\"]}");
    g_autofree char *older = make_text(6, "{\"model\":[\"ME910C1-NA\"]}");
    FotaTrustFacts facts = make_facts();

    facts.sequence = 7;
    facts.digest = digest;
    assert_judged(same, &facts, NO_CODE);
    assert_judged(newer, &facts, NO_CODE);
    assert_judged(older, &facts, FOTA_POLICY_ERROR_ROLLBACK);
    assert_judged(other, &facts, FOTA_POLICY_ERROR_EQUIVOCATION);
    facts.digest = NULL;
    assert_judged(same, &facts, FOTA_POLICY_ERROR_EQUIVOCATION);
    facts.sequence = 0;
    assert_judged(older, &facts, NO_CODE);
}

static void
test_expiry(void)
{
    static const struct {
        const char *now;
        const char *floor;
        int code;
    } cases[] = {
        {"2026-12-20T23:59:59Z", "1970-01-01T00:00:00Z", NO_CODE},
        {"2026-12-21T00:00:00Z", "1970-01-01T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
        {"2106-02-07T06:28:16Z", "1970-01-01T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", NO_CODE},
        {"1970-01-01T00:00:00Z", "2026-12-20T23:59:59Z", NO_CODE},
        {"1970-01-01T00:00:00Z", "2026-12-21T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
        {"2026-12-20T00:00:00Z", "2027-01-01T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
    };
    g_autofree char *text = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    FotaTrustFacts facts = make_facts();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        facts.now = moment(cases[i].now);
        facts.floor = moment(cases[i].floor);
        assert_judged(text, &facts, cases[i].code);
    }
}

static void
test_size(void)
{
    g_autofree char *text = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    g_autoptr(GBytes) small = test_sign_file(1, text);
    gsize room = FOTA_MANIFEST_MAX_BYTES - g_bytes_get_size(small);
    FotaTrustFacts facts = make_facts();

    for (gsize more = room; more <= room + 1; more++) {
        g_autofree char *space = g_strnfill(more, ' ');
        g_autofree char *longer = g_strconcat(text, space, NULL);

        assert_judged(longer, &facts,
                      more == room ? NO_CODE : FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE);
    }
}

static void
test_order(void)
{
    static const char unsigned_text[] = "this is not even JSON";
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new_static(unsigned_text, strlen(unsigned_text));
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    /* Nothing is parsed that nobody has signed. */
    g_assert_null(fota_trust_open(file, keyring, TRUE, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
    g_clear_error(&error);
    g_assert_null(fota_trust_open(file, keyring, FALSE, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trust/target", test_target);
    g_test_add_func("/trust/imei-stays-private", test_imei_stays_private);
    g_test_add_func("/trust/sequence", test_sequence);
    g_test_add_func("/trust/expiry", test_expiry);
    g_test_add_func("/trust/size", test_size);
    g_test_add_func("/trust/order", test_order);
    return g_test_run();
}
