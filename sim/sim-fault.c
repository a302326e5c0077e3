/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-fault.h"

#include <gio/gio.h>

typedef enum {
    VALUE_NONE,
    VALUE_NUMBER,
    VALUE_WHEN, /* early or late */
} FaultValue;

typedef struct {
    const char *name;
    FaultValue value;
    const char *summary;
} FaultKind;

static const FaultKind kinds[] = {
    {"ftp-421", VALUE_NONE, "the server closes the control connection: CME error 421"},
    {"ftp-login", VALUE_NONE, "#FTPOPEN: the server refuses the login (530)"},
    {"ftp-550", VALUE_NONE, "the server has no such file"},
    {"ftp-stall", VALUE_NONE, "half-way through a file the server falls silent beyond #FTPTO"},
    {"ftp-cut", VALUE_NUMBER, "PERCENT: the connection drops there; a delta is dropped"},
    {"ota-full", VALUE_NONE, "#FTPGETOTA, +QFUPL: no room for the delta"},
    {"store-damaged", VALUE_NONE, "Quectel: +QFUPL stores a byte wrongly"},
    {"feed-noise", VALUE_NONE, "#OTAUPW: unreadable bytes before CONNECT"},
    {"feed-lost", VALUE_NONE, "#OTAUPW: bytes are lost, which #OTAUP finds out"},
    {"feed-restart", VALUE_NUMBER, "KIBIBYTES of #OTAUPW, +QFUPL at which the module restarts"},
    {"ota-wrong-base", VALUE_WHEN, "early: #FTPGETOTA refuses the delta; late: #OTAUP does"},
    {"otaup-no-ok", VALUE_NONE, "#OTAUP=0 starts without an OK"},
    {"otaup-error", VALUE_NONE, "#OTAUP=0 answers ERROR and does nothing"},
    {"power-lost", VALUE_NUMBER,
     "SECONDS without power, 0: until power-on; on= names the step: see the transcript"},
    {"absent", VALUE_NUMBER, "SECONDS the module stays away before its last return"},
    {"stays", VALUE_NUMBER, "Telit: SECONDS that it stays with the old version between restarts"},
    {"restarts", VALUE_NONE,
     "Telit: the module restarts once more before it has the new version; always: for good; "
     "Quectel: once more in the middle of the update"},
    {"never-returns", VALUE_NONE,
     "the module stays away after the order to install, until power-cut, power-on"},
    {"old-version", VALUE_NONE, "the module restarts as for an update and has the old version"},
    {"return-ttyacm", VALUE_NONE, "it comes back from the update with ttyACM ports"},
    {"pin-after", VALUE_NONE, "it comes back from the update asking for the PIN"},
    {"apn-lost", VALUE_NONE, "it comes back from the update without its PDP contexts"},
    {"no-service", VALUE_NONE,
     "with the firmware of the update it does not register, until another update"},
    {"check-fails", VALUE_NUMBER,
     "Telit: NUMBER behind the INTEGRITY CHECK FAIL of the check after #FTPGETOTAENH"},
    {"otaev-lost", VALUE_NONE,
     "an #OTAEV line does not come; on=Module chooses which, by its text"},
    {"otaev-doubled", VALUE_NONE, "an #OTAEV line comes twice"},
    {"otaev-garbled", VALUE_NONE, "unreadable bytes stand before and behind an #OTAEV line"},
    {"otaev-strange", VALUE_NONE, "an #OTAEV line that no document has comes before another"},
    {"ask-silent", VALUE_NONE, "Huawei: a query ends without a word (11, then 10)"},
    {"ask-nothing", VALUE_NONE, "Huawei: the server has nothing newer (14)"},
    {"ask-fails", VALUE_NUMBER, "Huawei: NUMBER behind the 13 that a query ends with"},
    {"load-cut", VALUE_NUMBER, "PERCENT of a download at which the link is lost (31, 702)"},
    {"load-reset", VALUE_NUMBER, "PERCENT of a download at which the module restarts"},
    {"load-fails", VALUE_NUMBER, "NUMBER behind the 20, or HTTPEND, that a download ends with"},
    {"delta-stays", VALUE_NONE, "Huawei: ^FOTADL=0 is refused in 40"},
    {"fwup-error", VALUE_NONE, "Huawei: ^FWUP answers ERROR and does nothing"},
    {"update-fails", VALUE_NUMBER, "NUMBER behind the 80 (or 70, 110), or END, of the update"},
    {"state-lost", VALUE_NONE, "Huawei: a ^FOTASTATE line does not come; on=90 chooses which"},
    {"state-doubled", VALUE_NONE, "Huawei: a ^FOTASTATE line comes twice"},
    {"qind-lost", VALUE_NONE, "Quectel: a +QIND line does not come; on=END chooses which"},
    {"end-doubled", VALUE_NONE, "Quectel: END comes once more, after the last restart"},
    {"version-half", VALUE_NUMBER,
     "Quectel: SECONDS for which +QGMR lacks its second half after the update"},
    {"radio-off", VALUE_NONE, "Quectel: it starts with +CFUN: 4"},
    {"calibration-lost", VALUE_NONE,
     "Quectel: it comes back from the update in factory test mode (+CFUN: 5)"},
    {"settings-lost", VALUE_NONE,
     "back from the update without #SCFG, or without ^FOTAMODE, ^FOTACFG, ^CURC"},
    {"refused", VALUE_NONE, "a command is answered ERROR"},
    {"hung", VALUE_NONE, "nothing is answered on any tty, until the module restarts"},
    {"tty-hung", VALUE_NONE, "the same on the tty of that command only"},
    {"mute", VALUE_NONE, "a command gets no echo and no answer"},
    {"echo-on", VALUE_NONE, "the echo is on again, by itself"},
    {"split-lines", VALUE_NONE, "the answer trickles in a few bytes at a time"},
    {"glued-lines", VALUE_NONE, "the answer arrives in one piece, without empty lines"},
    {"urc-storm", VALUE_NONE, "unsolicited lines before, between and after the answer's lines"},
    {"lost-ok", VALUE_NONE, "the final result code is missing"},
    {"doubled-ok", VALUE_NONE, "the final result code comes twice"},
    {"nocarrier-in-data", VALUE_NONE, "#FTPGET: a NO CARRIER stands inside the file's bytes"},
    {"slow-answer", VALUE_NUMBER, "SECONDS before a command is answered"},
    {"held", VALUE_NONE, "with always: a command is answered after `fault clear`"},
    {"cme-unknown", VALUE_NUMBER, "NUMBER of the CME error the next FTP command ends with"},
};

typedef struct {
    char *value;
    gboolean always;
    char *on;
    guint64 skip; /* matching commands that pass first */
} Fault;

struct _SimFaults {
    GHashTable *armed; /* name (static) -> Fault */
};

static void
fault_free(gpointer data)
{
    Fault *fault = data;

    g_free(fault->value);
    g_free(fault->on);
    g_free(fault);
}

SimFaults *
sim_faults_new(void)
{
    SimFaults *faults = g_new0(SimFaults, 1);

    faults->armed = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, fault_free);
    return faults;
}

void
sim_faults_free(SimFaults *faults)
{
    g_hash_table_unref(faults->armed);
    g_free(faults);
}

static const FaultKind *
kind_lookup(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i].name, name))
            return &kinds[i];
    }
    return NULL;
}

static gboolean
value_is_good(const FaultKind *kind, const char *value)
{
    char *end = NULL;

    switch (kind->value) {
    case VALUE_NONE:
        return value == NULL;
    case VALUE_WHEN:
        return value != NULL && (g_str_equal(value, "early") || g_str_equal(value, "late"));
    case VALUE_NUMBER:
        return value != NULL && g_ascii_strtod(value, &end) >= 0 && end != value && *end == '\0';
    }
    return FALSE;
}

/* `parts` are name[=value], then the modifiers. */
static Fault *
fault_parse(const FaultKind *kind, const char *value, char **modifiers, GError **error)
{
    Fault *fault = g_new0(Fault, 1);

    if (g_strcmp0(value, "always") == 0)
        fault->always = TRUE;
    else
        fault->value = g_strdup(value);
    for (guint i = 0; modifiers[i] != NULL; i++) {
        if (g_str_equal(modifiers[i], "always")) {
            fault->always = TRUE;
        } else if (g_str_has_prefix(modifiers[i], "on=")) {
            g_free(fault->on);
            fault->on = g_ascii_strup(modifiers[i] + strlen("on="), -1);
        } else if (!g_str_has_prefix(modifiers[i], "skip=") ||
                   !g_ascii_string_to_unsigned(modifiers[i] + strlen("skip="), 10, 0, G_MAXUINT,
                                               &fault->skip, NULL)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "'%s' is none of always, on=PREFIX, skip=N", modifiers[i]);
            fault_free(fault);
            return NULL;
        }
    }
    if (value_is_good(kind, fault->value))
        return fault;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "fault %s: %s", kind->name,
                kind->summary);
    fault_free(fault);
    return NULL;
}

gboolean
sim_faults_arm(SimFaults *faults, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    g_auto(GStrv) name = NULL;
    const FaultKind *kind;
    Fault *fault;

    if (g_str_equal(text, "clear")) {
        g_hash_table_remove_all(faults->armed);
        return TRUE;
    }
    name = g_strsplit(parts[0] != NULL ? parts[0] : "", "=", 2);
    kind = name[0] != NULL ? kind_lookup(name[0]) : NULL;
    if (kind == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "no fault '%s'; --list-faults names them", text);
        return FALSE;
    }
    fault = fault_parse(kind, name[1], parts + 1, error);
    if (fault == NULL)
        return FALSE;
    g_hash_table_insert(faults->armed, (char *)kind->name, fault);
    return TRUE;
}

gboolean
sim_faults_take(SimFaults *faults, const char *name, const char *command, char **value)
{
    Fault *fault = g_hash_table_lookup(faults->armed, name);

    if (fault == NULL)
        return FALSE;
    if (fault->on != NULL &&
        (command == NULL || g_ascii_strncasecmp(command, fault->on, strlen(fault->on)) != 0))
        return FALSE;
    if (fault->skip > 0) {
        fault->skip--;
        return FALSE;
    }
    if (value != NULL)
        *value = g_strdup(fault->value);
    if (!fault->always)
        g_hash_table_remove(faults->armed, name);
    return TRUE;
}

gboolean
sim_faults_take_number(SimFaults *faults, const char *name, const char *command, double *number)
{
    g_autofree char *value = NULL;

    if (!sim_faults_take(faults, name, command, &value))
        return FALSE;
    *number = g_ascii_strtod(value, NULL);
    return TRUE;
}

char **
sim_faults_describe(SimFaults *faults)
{
    GStrvBuilder *builder = g_strv_builder_new();
    GHashTableIter iter;
    gpointer name, data;
    char **list;

    g_hash_table_iter_init(&iter, faults->armed);
    while (g_hash_table_iter_next(&iter, &name, &data)) {
        const Fault *fault = data;
        g_autofree char *text =
            g_strdup_printf("%s%s%s%s%s%s", (const char *)name, fault->value ? "=" : "",
                            fault->value ? fault->value : "", fault->always ? ",always" : "",
                            fault->on ? ",on=" : "", fault->on ? fault->on : "");

        g_strv_builder_add(builder, text);
    }
    list = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return list;
}

void
sim_faults_print_list(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *form = g_strdup_printf("%s%s", kinds[i].name,
                                                kinds[i].value == VALUE_NUMBER ? "=N"
                                                : kinds[i].value == VALUE_WHEN ? "=early|late"
                                                                               : "");

        g_print("%-26s %s\n", form, kinds[i].summary);
    }
}
