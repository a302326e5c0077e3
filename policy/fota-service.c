/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-service.h"

#define SHORTEST_SECONDS 60
#define MAX_HALVINGS 5
#define STEADY_SHARE 20 /* of the time */

static const char *const probes[] = {
    [FOTA_PROBE_UNTRIED] = "untried",
    [FOTA_PROBE_PASSED] = "passed",
    [FOTA_PROBE_FAILED] = "failed",
};

const char *
fota_probe_get_name(FotaProbe probe)
{
    return probes[probe];
}

/* Words */

char *
fota_service_to_text(const FotaService *service)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) words = NULL;

    if (service->registered)
        g_strv_builder_add(builder, service->roaming ? "roaming" : "home");
    if (service->operator_code[0] != '\0')
        g_strv_builder_add(builder, service->operator_code);
    if (service->technology[0] != '\0')
        g_strv_builder_add(builder, service->technology);
    if (service->connected)
        g_strv_builder_add(builder, "connected");
    if ((service->families & FOTA_SERVICE_IPV4) != 0)
        g_strv_builder_add(builder, "ipv4");
    if ((service->families & FOTA_SERVICE_IPV6) != 0)
        g_strv_builder_add(builder, "ipv6");
    if (service->probe != FOTA_PROBE_UNTRIED)
        g_strv_builder_add(builder,
                           service->probe == FOTA_PROBE_PASSED ? "probe-passed" : "probe-failed");
    words = g_strv_builder_end(builder);
    return words[0] != NULL ? g_strjoinv(" ", words) : g_strdup("none");
}

static void
read_word(const char *word, FotaService *service)
{
    if (g_str_equal(word, "home") || g_str_equal(word, "roaming")) {
        service->registered = TRUE;
        service->roaming = g_str_equal(word, "roaming");
    } else if (g_str_equal(word, "connected")) {
        service->connected = TRUE;
    } else if (g_str_equal(word, "ipv4")) {
        service->families |= FOTA_SERVICE_IPV4;
    } else if (g_str_equal(word, "ipv6")) {
        service->families |= FOTA_SERVICE_IPV6;
    } else if (g_str_has_prefix(word, "probe-")) {
        service->probe = g_str_equal(word, "probe-passed") ? FOTA_PROBE_PASSED : FOTA_PROBE_FAILED;
    } else if (g_ascii_isdigit(word[0])) {
        g_strlcpy(service->operator_code, word, sizeof service->operator_code);
    } else if (!g_str_equal(word, "none")) {
        g_strlcpy(service->technology, word, sizeof service->technology);
    }
}

FotaService
fota_service_parse(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    FotaService service = {0};

    for (guint i = 0; words[i] != NULL; i++)
        if (words[i][0] != '\0')
            read_word(words[i], &service);
    return service;
}

/* What may be lost, in the order in which it returns */

typedef const FotaService S;

static gboolean
lost_registration(S *before, S *now, gboolean may_roam)
{
    return before->registered && !now->registered;
}

static gboolean
lost_operator(S *before, S *now, gboolean may_roam)
{
    return now->roaming && !before->roaming && !may_roam;
}

static gboolean
lost_call(S *before, S *now, gboolean may_roam)
{
    return before->connected && !now->connected;
}

static gboolean
lost_ipv4(S *before, S *now, gboolean may_roam)
{
    return (before->families & ~now->families & FOTA_SERVICE_IPV4) != 0;
}

static gboolean
lost_ipv6(S *before, S *now, gboolean may_roam)
{
    return (before->families & ~now->families & FOTA_SERVICE_IPV6) != 0;
}

static gboolean
lost_probe(S *before, S *now, gboolean may_roam)
{
    return before->probe == FOTA_PROBE_PASSED && now->probe != FOTA_PROBE_PASSED;
}

static const struct {
    gboolean (*is_lost)(S *before, S *now, gboolean may_roam);
    const char *text;
} losses[] = {
    {lost_registration, "it is not registered on a network"},
    {lost_operator, "it roams, which is not allowed"},
    {lost_call, "its data call is not up"},
    {lost_ipv4, "its data call is without IPv4"},
    {lost_ipv6, "its data call is without IPv6"},
    {lost_probe, "the probe is not answered through it"},
};

const char *
fota_service_find_loss(const FotaService *before, const FotaService *now, gboolean may_roam)
{
    for (guint i = 0; i < G_N_ELEMENTS(losses); i++)
        if (losses[i].is_lost(before, now, may_roam))
            return losses[i].text;
    return NULL;
}

/* The verdict */

typedef const FotaProofFacts F;

static gint64
get_time(F *f)
{
    gint64 seconds = (gint64)f->time >> MIN(f->restarts, MAX_HALVINGS);

    return MAX(seconds, MIN((gint64)f->time, SHORTEST_SECONDS)) * G_USEC_PER_SEC;
}

static gint64
get_steady_time(F *f)
{
    return (gint64)f->time * G_USEC_PER_SEC / STEADY_SHARE;
}

static gboolean
is_no_worse(F *f)
{
    return fota_service_find_loss(&f->before, &f->now, f->may_roam) == NULL;
}

static gboolean
is_not_judged(F *f)
{
    return !fota_service_is_provable(&f->before, f->wanted);
}

static gboolean
is_invisible(F *f)
{
    return !f->visible;
}

static gboolean
is_steady(F *f)
{
    return is_no_worse(f) && f->steady >= get_steady_time(f);
}

static gboolean
is_back(F *f)
{
    return is_no_worse(f);
}

/* All else is as before. */
static gboolean
probe_decides(F *f)
{
    FotaService passed = f->now;

    passed.probe = FOTA_PROBE_PASSED;
    return fota_service_find_loss(&f->before, &passed, f->may_roam) == NULL;
}

/* It has a limit of its own. */
static gboolean
is_probed(F *f)
{
    return f->probing && probe_decides(f);
}

static gboolean
is_over(F *f)
{
    return f->elapsed >= get_time(f);
}

static gboolean
always(F *f)
{
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*fits)(F *f);
    FotaProofVerdict verdict;
} rows[] = {
    {"not judged", is_not_judged, FOTA_PROOF_NOT_JUDGED},
    {"not visible", is_invisible, FOTA_PROOF_WAITING},
    {"steady", is_steady, FOTA_PROOF_PROVEN},
    {"back", is_back, FOTA_PROOF_WAITING},
    {"probed", is_probed, FOTA_PROOF_WAITING},
    {"time is over", is_over, FOTA_PROOF_NOT_PROVEN},
    {"waiting", always, FOTA_PROOF_WAITING},
};

static gboolean
wants_probe(F *f)
{
    return f->visible && f->before.probe == FOTA_PROBE_PASSED &&
           f->now.probe == FOTA_PROBE_UNTRIED && probe_decides(f);
}

FotaProofAnswer
fota_service_judge(const FotaProofFacts *facts)
{
    FotaProofAnswer answer = {0};
    guint i = 0;

    while (!rows[i].fits(facts))
        i++;
    answer.row = rows[i].name;
    answer.verdict = rows[i].verdict;
    if (answer.verdict != FOTA_PROOF_WAITING || !facts->visible)
        return answer;
    answer.wants_probe = wants_probe(facts);
    answer.wait = is_no_worse(facts) ? get_steady_time(facts) - facts->steady
                                     : get_time(facts) - facts->elapsed;
    return answer;
}

gboolean
fota_service_is_provable(const FotaService *before, gboolean wanted)
{
    return wanted && before->registered;
}

/* The probe */

gboolean
fota_service_passes_probe(const char *uri, guint status)
{
    return g_str_has_prefix(uri, "https://") ? status >= 200 && status < 300 : status == 204;
}
