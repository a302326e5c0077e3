/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _SimLine SimLine;
typedef struct _SimModule SimModule;
typedef struct _SimCommand SimCommand;

/* How a command ended: a CME error number (27.007 9.2 or the vendor's) when above zero. */
typedef int SimResult;
#define SIM_OK 0
#define SIM_ERROR (-1)
#define SIM_PENDING (-2)    /* sim_command_finish() will be called later */
#define SIM_SILENT (-3)     /* no result code: the module is leaving */
#define SIM_NO_CARRIER (-4) /* end of data mode */
#define SIM_UNKNOWN (-5)    /* the module has no such command */

#define SIM_CME_NOT_ALLOWED 3
#define SIM_CME_NOT_SUPPORTED 4
#define SIM_CME_SIM_PIN 11
#define SIM_CME_SIM_PUK 12
#define SIM_CME_SIM_BUSY 14
#define SIM_CME_WRONG_PASSWORD 16
#define SIM_CME_MEMORY_FULL 20
#define SIM_CME_BAD_INDEX 21
#define SIM_CME_NO_NETWORK 30
#define SIM_CME_BAD_PARAMETERS 50
#define SIM_CME_UNKNOWN 100
/* Above this: errors whose number is not public. With +CMEE=1 they are SIM_CME_UNKNOWN. */
#define SIM_CME_WORDS 10000
#define SIM_CME_COLLISION (SIM_CME_WORDS + 1)
#define SIM_CME_NOT_COMPLETE (SIM_CME_WORDS + 2)

typedef enum {
    SIM_FORM_EXEC, /* +CSQ, or a basic command */
    SIM_FORM_SET,  /* +CREG=2 */
    SIM_FORM_READ, /* +CREG? */
    SIM_FORM_TEST, /* +CREG=? */
} SimForm;

/* Runs one command. Its answer's lines go through sim_command_info(). */
typedef SimResult (*SimCommandFunc)(SimModule *module, SimCommand *command);

typedef struct {
    const char *name;   /* upper case, without AT */
    SimCommandFunc run; /* NULL ends a table */
    double seconds;     /* before the answer, in the module's time */
    gboolean needs_sim; /* refused while the PIN is missing */
} SimCommandDef;

/* One command of a command line. Counted, because its answer may come after its tty is gone. */
struct _SimCommand {
    guint ref_count;
    SimModule *module;
    SimLine *line; /* NULL once the tty is gone */
    SimForm form;
    char *text;  /* as sent, without AT */
    char *name;  /* upper case */
    char **args; /* without quotes; omitted ones are "" */
    guint n_args;
    gpointer data; /* the handler's, while pending */
};

/* Splits a command line (without AT) into commands; NULL when it is none. */
GPtrArray *sim_commands_parse(const char *line);
SimCommand *sim_command_ref(SimCommand *command);
void sim_command_unref(SimCommand *command);

/* The argument, or NULL when it is missing or empty. */
const char *sim_command_arg(SimCommand *command, guint index);
/* FALSE if it is present and not a number within the bounds; `value` stays if it is missing. */
gboolean sim_command_number(SimCommand *command, guint index, int min, int max, int *value);

void sim_command_info(SimCommand *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Ends a pending command. */
void sim_command_finish(SimCommand *command, SimResult result);

/* The text of +CMEE=2, or NULL when none is known. */
const char *sim_cme_text(int number);
