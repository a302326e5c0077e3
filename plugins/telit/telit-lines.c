/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-lines.h"

#include <string.h>

/* Capitals differ from family to family, and texts are part of longer ones. */
static const struct {
    const char *text;
    TelitAskedReport report;
    FotaLineKind kind;
} events[] = {
    {"do you want to upgrade", TELIT_REPORT_QUESTION, FOTA_LINE_QUESTION},
    {"user answer timeout", TELIT_REPORT_TIMEOUT, FOTA_LINE_FAILED},
    {"automatic fw upgrade", TELIT_REPORT_AUTOMATIC, FOTA_LINE_STATE},
    {"start fw download", TELIT_REPORT_DOWNLOAD, FOTA_LINE_STATE},
    {"fw download complete", TELIT_REPORT_DOWNLOADED, FOTA_LINE_STATE},
    {"fw upgrade failed", TELIT_REPORT_FAILED, FOTA_LINE_FAILED},
    {"module upgraded to new fw", TELIT_REPORT_UPGRADED, FOTA_LINE_DONE},
    {"server notified", TELIT_REPORT_TOLD, FOTA_LINE_REPORT},
    {"fota request dropped", TELIT_REPORT_DROPPED, FOTA_LINE_FAILED},
};

/* Numbers of the operator's OMA-DM client, which updates the module without asking. */
static const struct {
    int number;
    const char *text;
    TelitAskedReport report;
    FotaLineKind kind;
} carrier_events[] = {
    {900, "the carrier's client is ready", TELIT_REPORT_OTHER, FOTA_LINE_REPORT},
    {907, "the carrier begins a session", TELIT_REPORT_OTHER, FOTA_LINE_REPORT},
    {911, "the carrier's server refuses the login", TELIT_REPORT_SESSION_FAILED, FOTA_LINE_REPORT},
    {912, "the carrier's server does not answer", TELIT_REPORT_SESSION_FAILED, FOTA_LINE_REPORT},
    {913, "the carrier's session has lost the network", TELIT_REPORT_SESSION_FAILED,
     FOTA_LINE_REPORT},
    {915, "the carrier's session has failed", TELIT_REPORT_SESSION_FAILED, FOTA_LINE_REPORT},
    {916, "the carrier has no update", TELIT_REPORT_OTHER, FOTA_LINE_REPORT},
    {918, "the carrier sets the access point", TELIT_REPORT_OTHER, FOTA_LINE_REPORT},
    {919, "the carrier's delta is in the module", TELIT_REPORT_DOWNLOADED, FOTA_LINE_CARRIER},
    {920, "the carrier's download goes on", TELIT_REPORT_DOWNLOAD, FOTA_LINE_CARRIER},
    {921, "the carrier's download begins", TELIT_REPORT_DOWNLOAD, FOTA_LINE_CARRIER},
    {930, "the carrier is told the result", TELIT_REPORT_TOLD, FOTA_LINE_REPORT},
};

/* FUMO's result of #929, of which 200 is the only good one. */
#define CARRIER_RESULT 929
#define CARRIER_DONE 200

/* Lines of LE910 V2's OMA-DM client, by their first number (AT guide 80446ST10707A, page 500). What
 * the guide does not list is a note. */
#define ANY (-1)
static const struct {
    const char *name;
    gint64 number;
    const char *text;
    TelitAskedReport report;
    FotaLineKind kind;
} client_lines[] = {
    {"#SWMCHKUPD", 0, "the carrier has no update", TELIT_REPORT_NO_PACKAGE, FOTA_LINE_FAILED},
    {"#SWMCHKUPD", 1, "the carrier has an update", TELIT_REPORT_PACKAGE,
     FOTA_LINE_CARRIER_QUESTION},
    {"#SWMDLPRGRSS", ANY, "the carrier's download goes on", TELIT_REPORT_RECEIVED,
     FOTA_LINE_CARRIER},
    {"#SWMRING", 2, "the carrier's delta is in the module", TELIT_REPORT_DOWNLOADED,
     FOTA_LINE_CARRIER},
};

/* What an LwM2M agent asks (Telit's IoT-AppZone-SampleApps, LWM2M_FOTA_ACK_AT). */
static const struct {
    const char *word;
    const char *text;
    TelitAskedReport report;
} rings[] = {
    {"download", "the carrier wants to download new firmware into the module",
     TELIT_REPORT_RING_DOWNLOAD},
    {"update", "the carrier wants to install the firmware that the module has downloaded",
     TELIT_REPORT_RING_UPDATE},
};

/* Reads `#921: ...`. FALSE: there is no such number. */
static gboolean
parse_carrier(const char *rest, FotaHeard *heard)
{
    char *end;
    gint64 number = rest[0] == '#' ? g_ascii_strtoll(rest + 1, &end, 10) : 0;
    const char *text = NULL;

    if (number == CARRIER_RESULT) {
        gboolean done = g_ascii_strtoll(end + strspn(end, ": "), NULL, 10) == CARRIER_DONE;

        text = done ? "the carrier's update is done" : "the carrier's update has failed";
        heard->number = done ? TELIT_REPORT_UPGRADED : TELIT_REPORT_FAILED;
        heard->kind = done ? FOTA_LINE_DONE : FOTA_LINE_REPORT;
    }
    for (guint i = 0; i < G_N_ELEMENTS(carrier_events); i++) {
        if (carrier_events[i].number != number)
            continue;
        text = carrier_events[i].text;
        heard->number = carrier_events[i].report;
        heard->kind = carrier_events[i].kind;
    }
    if (text != NULL)
        heard->text = g_strdup_printf("%s (%s)", rest, text);
    return text != NULL;
}

gboolean
telit_parse_event(const char *rest, FotaHeard *heard)
{
    g_autofree char *lower = g_ascii_strdown(rest, -1);

    if (parse_carrier(rest, heard))
        return TRUE;
    heard->text = g_strdup(rest);
    heard->number = TELIT_REPORT_OTHER;
    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        if (strstr(lower, events[i].text) == NULL)
            continue;
        heard->kind = events[i].kind;
        heard->number = events[i].report;
        break;
    }
    return TRUE;
}

gboolean
telit_parse_ring(const char *rest, FotaHeard *heard)
{
    g_autofree char *lower = g_ascii_strdown(rest, -1);
    char *end;
    guint64 agent = g_ascii_strtoull(rest, &end, 10);

    if (end == rest || *end != ',' || agent > G_MAXUINT8)
        return FALSE;
    heard->code = (gint64)agent;
    for (guint i = 0; i < G_N_ELEMENTS(rings); i++) {
        if (strstr(lower, rings[i].word) == NULL)
            continue;
        heard->number = rings[i].report;
        heard->text = g_strdup(rings[i].text);
        return TRUE;
    }
    return FALSE;
}

/* @rest: `1,4096,description`. Without a description the table's words say what it is about. */
static gboolean
parse_client(const char *name, const char *rest, FotaHeard *heard)
{
    g_auto(GStrv) fields = g_strsplit(rest, ",", 3);
    gboolean counts = fields[0] != NULL && fields[1] != NULL;
    guint64 first, second = 0;

    if (fields[0] == NULL ||
        !g_ascii_string_to_unsigned(g_strstrip(fields[0]), 10, 0, G_MAXINT64, &first, NULL))
        return FALSE;
    if (counts)
        g_ascii_string_to_unsigned(g_strstrip(fields[1]), 10, 0, G_MAXINT64, &second, NULL);
    heard->number = TELIT_REPORT_OTHER;
    heard->kind = FOTA_LINE_REPORT;
    heard->text = g_strdup_printf("%s: %s", name, rest);
    for (guint i = 0; i < G_N_ELEMENTS(client_lines); i++) {
        gboolean any = client_lines[i].number == ANY;

        if (strcmp(client_lines[i].name, name) != 0 ||
            (!any && client_lines[i].number != (gint64)first))
            continue;
        heard->number = client_lines[i].report;
        heard->kind = client_lines[i].kind;
        heard->code = (gint64)(any ? first : second);
        g_free(heard->text);
        heard->text = counts && fields[2] != NULL && g_strstrip(fields[2])[0] != '\0'
                          ? g_strdup(fields[2])
                          : g_strdup(client_lines[i].text);
        break;
    }
    return TRUE;
}

gboolean
telit_parse_package(const char *rest, FotaHeard *heard)
{
    return parse_client("#SWMCHKUPD", rest, heard);
}

gboolean
telit_parse_received(const char *rest, FotaHeard *heard)
{
    return parse_client("#SWMDLPRGRSS", rest, heard);
}

gboolean
telit_parse_package_ring(const char *rest, FotaHeard *heard)
{
    return parse_client("#SWMRING", rest, heard);
}
