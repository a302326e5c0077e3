/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl-format.h"
#include "ctl/ctl-bus.h"

/* The options of a verb besides --json. */
typedef enum {
    TAKES_MODULE = 1 << 0,
    TAKES_ALL = 1 << 1,
    TAKES_YES = 1 << 2,
    TAKES_WAIT = 1 << 3,
    TAKES_REASON = 1 << 4,
    TAKES_MAX = 1 << 5,
    TAKES_WHO_WHY = 1 << 6,
    TAKES_CSV = 1 << 7,
} Takes;

/* In the order of the bits above. */
static const char *const option_names[] = {"--module", "--all", "--yes",          "--wait",
                                           "--reason", "--max", "--who or --why", "--csv"};

#define IMEI_DIGITS 15

static const struct {
    const char *name;
    CtlVerb run;
    gboolean (*read)(Ctl *ctl, GError **error); /* its own words, before the bus is asked */
    Takes takes;
    int min_arguments;
    int max_arguments; /* -1 = any */
    const char *usage;
    const char *help;
} verbs[] = {
    {"list", ctl_list, NULL, 0, 0, 0, "", "List the modules, their firmware and state"},
    {"status", ctl_status, NULL, TAKES_MODULE, 0, 0, "[IMEI]", "Show all about one module"},
    {"check", ctl_check, ctl_check_read, TAKES_MODULE | TAKES_ALL, 0, 0, "[IMEI | --all]",
     "Check for an update now"},
    {"plan", ctl_plan, NULL, TAKES_MODULE, 0, 0, "[IMEI]",
     "Show what fotad would do, why, and what blocks it"},
    {"approve", ctl_approve, NULL, TAKES_MODULE | TAKES_YES | TAKES_WAIT, 0, 1, "[TOKEN]",
     "Approve the offered update"},
    {"reject", ctl_reject, NULL, TAKES_MODULE | TAKES_REASON, 0, 1, "[TOKEN]",
     "Reject the offered update"},
    {"defer", ctl_defer, ctl_defer_read, TAKES_MODULE, 1, 2, "DURATION [TOKEN]",
     "Defer the offered update"},
    {"cancel", ctl_cancel, NULL, TAKES_MODULE, 0, 1, "[TOKEN]",
     "Stop an update, until installing has begun"},
    {"rehearse", ctl_rehearse, ctl_rehearse_read, TAKES_MODULE | TAKES_YES | TAKES_WAIT, 0, 0,
     "[IMEI]", "Go through the procedure, but install nothing"},
    {"history", ctl_history, NULL, TAKES_MODULE | TAKES_MAX, 0, 0, "[IMEI]",
     "List finished updates"},
    {"report", ctl_report, NULL, TAKES_MODULE | TAKES_CSV, 0, 0, "[IMEI]",
     "Show every module's last update, or each step of one module's"},
    {"query", ctl_query, NULL, TAKES_MODULE, 0, 0, "[IMEI]",
     "Show the identity of module, SIM and network"},
    {"version", ctl_version, NULL, TAKES_MODULE, 0, 0, "[IMEI]",
     "Ask the module for its version, as manifests name it"},
    {"registration", ctl_registration, NULL, TAKES_MODULE | TAKES_CSV, 0, 0, "[IMEI]",
     "Show what an update service is told about a module"},
    {"monitor", ctl_monitor, NULL, TAKES_MODULE, 0, 0, "[IMEI]", "Show what happens, until ^C"},
    {"inhibit", ctl_inhibit, NULL, TAKES_WHO_WHY, 0, -1, "[-- COMMAND...]",
     "Inhibit new updates until ^C, or while COMMAND runs"},
};

static const char options_help[] =
    "\nThe IMEI selects a module, as an argument or with --module. It may be omitted if there\n"
    "is only one module, or if a token identifies the module.\n"
    "\nOptions:\n"
    "  -m, --module=IMEI   select a module\n"
    "      --json          print one JSON document; monitor: one per line\n"
    "      --csv           report: print CSV; registration: one line of Telit's form\n"
    "      --all           check: every module\n"
    "  -y, --yes           approve, rehearse --wait: do not ask\n"
    "  -w, --wait          approve, rehearse: show the progress until the end (--follow)\n"
    "      --reason=TEXT   reject: the reason, for history and report\n"
    "  -n, --max=N         history: at most N\n"
    "      --who=TEXT, --why=TEXT   inhibit: for the log\n"
    "  -h, --help, --version\n"
    "\nExit status:\n"
    "  0  done; with --wait, the update succeeded\n"
    "  1  fotad refused, the update ended without success, or it was not approved;\n"
    "     or the output could not be written\n"
    "  2  usage error\n"
    "  3  fotad does not answer\n"
    "  4  permission denied\n"
    "  5  nothing is offered, or the token is stale\n"
    "  6  no such module, or it is absent\n"
    "  inhibit with a command: the status of the command\n";

static int
print_help(void)
{
    printf("fotactl [OPTION...] VERB [ARGUMENT...]\n"
           "Control firmware updates of cellular modules.\n\n");
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_autofree char *usage = g_strconcat(verbs[i].name, " ", verbs[i].usage, NULL);

        printf("  %-26s %s\n", usage, verbs[i].help);
    }
    fputs(options_help, stdout);
    return CTL_OK;
}

/* Prints @error as text or JSON; returns the exit status. */
static int
report(const GError *error, gboolean json)
{
    g_autofree char *clean = ctl_format_clean(error->message);

    if (json)
        ctl_print_json(g_variant_new_parsed("{'error': <{'name': <%s>, 'message': <%s>}>}",
                                            g_quark_to_string(error->domain), error->message));
    fprintf(stderr, "fotactl: %s\n", clean);
    return error->code;
}

enum {
    OPTION_JSON = 256,
    OPTION_CSV,
    OPTION_ALL,
    OPTION_REASON,
    OPTION_WHO,
    OPTION_WHY,
    OPTION_VERSION
};

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"json", no_argument, NULL, OPTION_JSON},
    {"csv", no_argument, NULL, OPTION_CSV},
    {"module", required_argument, NULL, 'm'},
    {"all", no_argument, NULL, OPTION_ALL},
    {"yes", no_argument, NULL, 'y'},
    {"wait", no_argument, NULL, 'w'},
    {"follow", no_argument, NULL, 'w'},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"max", required_argument, NULL, 'n'},
    {"who", required_argument, NULL, OPTION_WHO},
    {"why", required_argument, NULL, OPTION_WHY},
    {NULL, 0, NULL, 0},
};

static gboolean
parse_max(const char *text, guint32 *max, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL)) {
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "--max=%s: expected a number from 1", text);
        return FALSE;
    }
    *max = (guint32)number;
    return TRUE;
}

/* Sets one option in @ctl; @given collects the options that the verb must accept. */
static gboolean
apply_option(Ctl *ctl, int option, guint *given, GError **error)
{
    switch (option) {
    case OPTION_JSON:
        ctl->json = TRUE;
        return TRUE;
    case OPTION_CSV:
        ctl->csv = TRUE;
        *given |= TAKES_CSV;
        return TRUE;
    case 'm':
        ctl->module = optarg;
        *given |= TAKES_MODULE;
        return TRUE;
    case OPTION_ALL:
        ctl->all = TRUE;
        *given |= TAKES_ALL;
        return TRUE;
    case 'y':
        ctl->yes = TRUE;
        *given |= TAKES_YES;
        return TRUE;
    case 'w':
        ctl->wait = TRUE;
        *given |= TAKES_WAIT;
        return TRUE;
    case OPTION_REASON:
        ctl->reason = optarg;
        *given |= TAKES_REASON;
        return TRUE;
    case 'n':
        *given |= TAKES_MAX;
        return parse_max(optarg, &ctl->max, error);
    case OPTION_WHO:
        ctl->who = optarg;
        *given |= TAKES_WHO_WHY;
        return TRUE;
    case OPTION_WHY:
        ctl->why = optarg;
        *given |= TAKES_WHO_WHY;
        return TRUE;
    default: /* getopt_long() has printed why */
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "See: fotactl --help");
        return FALSE;
    }
}

static gboolean
is_imei(const char *text)
{
    return strlen(text) == IMEI_DIGITS && strspn(text, "0123456789") == IMEI_DIGITS;
}

/* Takes the IMEI out of the arguments, at any position: a token has 32 digits. */
static void
take_imei(Ctl *ctl)
{
    char **to = ctl->arguments;

    for (char **from = ctl->arguments; *from != NULL; from++) {
        if (ctl->module == NULL && is_imei(*from))
            ctl->module = *from;
        else
            *to++ = *from;
    }
    *to = NULL;
}

/* What no D-Bus message can carry. */
static gboolean
words_are_text(const Ctl *ctl)
{
    const char *const words[] = {ctl->reason, ctl->who, ctl->why};
    gboolean good = TRUE;

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        good = good && (words[i] == NULL || g_utf8_validate(words[i], -1, NULL));
    return good;
}

/* Whether the verb takes the options and arguments that were given. */
static gboolean
verb_accept(guint verb, const Ctl *ctl, guint given, GError **error)
{
    const char *name = verbs[verb].name, *usage = verbs[verb].usage;
    int n_arguments = (int)g_strv_length(ctl->arguments);
    int alien = g_bit_nth_lsf(given & ~verbs[verb].takes, -1);

    if (alien >= 0)
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "%s does not take %s. See: fotactl --help",
                  name, option_names[alien]);
    else if (ctl->module != NULL && !is_imei(ctl->module))
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE,
                  "--module=%s: expected the %d digits of an IMEI", ctl->module, IMEI_DIGITS);
    else if (!words_are_text(ctl))
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "--reason, --who and --why take UTF-8 text");
    else if (ctl->csv && ctl->json)
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "--csv or --json, not both");
    else if (n_arguments < verbs[verb].min_arguments ||
             (verbs[verb].max_arguments >= 0 && n_arguments > verbs[verb].max_arguments))
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE,
                  "wrong arguments; usage: fotactl %s%s%s. See: fotactl --help", name,
                  usage[0] != '\0' ? " " : "", usage);
    else
        return TRUE;
    return FALSE;
}

static int
run_verb(Ctl *ctl, const char *name, guint given, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (!g_str_equal(verbs[i].name, name))
            continue;
        if (verbs[i].takes & TAKES_MODULE)
            take_imei(ctl);
        if (!verb_accept(i, ctl, given, error) ||
            (verbs[i].read != NULL && !verbs[i].read(ctl, error)))
            return CTL_USAGE;
        if (!ctl_bus_open(ctl, error))
            return CTL_NO_DAEMON;
        return verbs[i].run(ctl, error);
    }
    ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "there is no verb '%s'. See: fotactl --help",
              name);
    return CTL_USAGE;
}

static int
run_command_line(Ctl *ctl, int argc, char **argv, GError **error)
{
    guint given = 0;
    int option;

    while ((option = getopt_long(argc, argv, "hm:yn:w", options, NULL)) != -1) {
        if (option == 'h')
            return print_help();
        if (option == OPTION_VERSION) {
            puts("fotactl " FOTA_VERSION);
            return CTL_OK;
        }
        if (!apply_option(ctl, option, &given, error))
            return CTL_USAGE;
    }
    if (optind == argc) {
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE, "a verb is missing. See: fotactl --help");
        return CTL_USAGE;
    }
    ctl->arguments = argv + optind + 1;
    return run_verb(ctl, argv[optind], given, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean json = ctl_format_wants_json((const char *const *)argv); /* getopt() reorders them */
    Ctl ctl = {0};
    int status;

    setlocale(LC_ALL, "");
    status = run_command_line(&ctl, argc, argv, &error);
    if (error != NULL)
        status = report(error, ctl.json || json);
    sd_bus_flush_close_unref(ctl.bus);
    if (!ctl_format_close("fotactl") && status == CTL_OK)
        status = CTL_FAILED;
    return status;
}
