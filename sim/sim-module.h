/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include <json-glib/json-glib.h>

#include "sim.h"
#include "sim-command.h"
#include "sim-fault.h"
#include "sim-line.h"
#include "sim-log.h"

/*
 * One module: power, USB, SIM, network, PDP contexts, and the commands of 27.007 that every
 * vendor has (sim-common.c). What differs by vendor is the module's personality.
 */

#define SIM_MAX_CID 6
#define SIM_PIN_TRIES 3
#define SIM_MNC_DIGITS 3 /* of 311 480, which the IMSI begins with */

typedef struct {
    const char *option; /* the name --module= takes */
    const char *summary;
    const char *manufacturer; /* +CGMI */
    const char *model;        /* +CGMM */
    const char *version;      /* +CGMR, unless given */
    const char *vendor_id;
    const char *product_id;
    const SimTtySpec *ttys; /* the reserved one last */
    guint n_ttys;
    double boot_seconds;     /* from power to the ports */
    double sim_busy_seconds; /* from the ports until the SIM answers */
    const char *unknown;     /* answer to a command that it does not have; NULL: ERROR */
    const SimCommandDef *commands;

    gpointer (*state_new)(SimModule *module);
    void (*state_free)(SimModule *module);
    /* The ports are there: emit the lines of a start. */
    void (*started)(SimModule *module);
    /* The processor restarts, commanded or not: drop what is not kept in flash. */
    void (*stopped)(SimModule *module);
    void (*context_down)(SimModule *module, int cid);
    void (*registration_changed)(SimModule *module);
    void (*tty_opened)(SimModule *module, const char *tty);
    void (*tty_closed)(SimModule *module, const char *tty);
    /* Reads its ttys itself: no command line is taken apart, nothing echoed. */
    void (*take_bytes)(SimModule *module, SimLine *line, const guint8 *bytes, gsize length);
    /* Sets a key of the personality's own. FALSE: unknown key; `good`: whether the value fits. */
    gboolean (*set)(SimModule *module, const char *key, const char *value, gboolean *good);
    /* The module's own server wants an update (control command `ask`). NULL: it has none. */
    gboolean (*ask)(SimModule *module, const char *text, GError **error);
    /* What it says by itself in the middle of an answer; NULL: nothing now. */
    const char *(*chatter)(SimModule *module);
    /* Power is back. TRUE: the personality brings the ports back itself. */
    gboolean (*power_on)(SimModule *module);
    void (*describe)(SimModule *module, JsonBuilder *builder);
} SimPersonality;

typedef struct {
    char *apn; /* NULL: not defined */
    char *type;
    gboolean active;
} SimContext;

typedef struct _SimSms SimSms;

struct _SimModule {
    Sim *sim;
    const SimPersonality *personality;
    gpointer state; /* the personality's */
    SimLog *log;
    SimFaults *faults;
    guint number; /* of its USB branch, from 1 */
    char *imei;
    char *imsi;
    char *iccid;
    char *version; /* +GMR */
    char *package; /* of the software package, where it differs from the version; or NULL */

    gboolean powered;
    gboolean running; /* booted: the ports are there when plugged, too */
    gboolean plugged;
    gboolean hung; /* answers nothing, until it restarts */
    gboolean reserved_port;
    char *uid; /* see SimUsbId */
    char *net; /* the same */
    gboolean raw;
    gboolean as_acm;
    guint starts; /* how often the ports came */
    SimBranch *branch;
    GPtrArray *lines; /* SimLine, one a tty; empty while there is no branch */
    guint timer;      /* the next step of a start or restart */
    void (*leave)(SimModule *module);
    gint64 leave_limit; /* monotonic: it leaves then, read or not */
    double first_delay;
    gint64 sim_ready; /* monotonic: until then it answers `SIM busy` */

    /* sim-step.c */
    guint dark_timer; /* until the power is lost, or is back */
    double dark_seconds;
    pid_t gateway; /* a process that loses its power with the module, 0: none */
    guint watch;
    double (*watched)(SimModule *module);
    guint part;

    guint search_timer; /* it looks for its network; 0: it does not */
    int unserved;       /* its registration with another firmware, 0 = this one serves */
    int registration;   /* 27.007's <stat>: 0 none, 1 home, 5 roaming, 9 and 10 the same */
    int generation;     /* 3: +CEREG says 0; else LTE */
    int signal;         /* +CSQ, 0 to 31 or 99 */
    char *pin;          /* NULL: none set */
    gboolean unlocked;
    guint pin_tries; /* left; 0: the PUK is wanted */
    int cfun;
    int creg_mode[3]; /* +CREG, +CGREG, +CEREG */
    int cops_format;
    SimContext contexts[SIM_MAX_CID + 1];
    SimSms *messages; /* on the SIM */
    int cnmi;         /* +CNMI's second value: whether a new message is announced */
};

/* `text` is what follows --module=. */
SimModule *sim_module_new(Sim *sim, const char *text, GError **error);
/* `state` is the personality's, NULL: made by it; `options` are KEY=VALUE, up to NULL. */
SimModule *sim_module_build(Sim *sim, const SimPersonality *personality, gpointer state,
                            char **options, GError **error);
void sim_module_free(SimModule *module);
void sim_module_print_list(void);
SimModule *sim_module_lookup(Sim *sim, const char *imei);

void sim_module_power_on(SimModule *module);
void sim_module_power_cut(SimModule *module);
void sim_module_set_plugged(SimModule *module, gboolean plugged);
/* One of `signal`, `registered`, `apn`, `pin`, `imsi`, `version`, `package`, `gateway`, or the
 * personality's own. */
gboolean sim_module_set(SimModule *module, const char *key, const char *value, GError **error);
/* KEY=VALUE of --module=: what sim_module_set() takes, `imei`, `reserved-port`, `uid`, `net` and
 * `raw`. */
gboolean sim_module_take_option(SimModule *module, const char *option, GError **error);
/* On every tty that is open. */
void sim_module_urc(SimModule *module, const char *text);
/* On every tty, kept for the program that opens it next. */
void sim_module_urc_at_open(SimModule *module, const char *text);
JsonNode *sim_module_describe(SimModule *module);
void sim_describe_text(JsonBuilder *builder, const char *name, const char *value); /* NULL: "" */
void sim_describe_number(JsonBuilder *builder, const char *name, gint64 value);
void sim_module_tty_opened(SimModule *module, const char *tty, gboolean open);

/* For personalities: leave the bus now; be back after so many seconds of the module's time. */
void sim_module_stop(SimModule *module);
/* The module is about to go by itself: it takes no more commands, and @func, which stops it, is
 * called once the programs have read what it said before. */
void sim_module_leave(SimModule *module, void (*func)(SimModule *module));
void sim_module_start(SimModule *module);
void sim_module_after(SimModule *module, double seconds, GSourceFunc func);
void sim_module_restart(SimModule *module);
/* Before the start that ends an update: the faults that every vendor's module may come back with.
 */
void sim_module_take_return_faults(SimModule *module);

/* For SimLine. */
const SimCommandDef *sim_module_find_command(SimModule *module, const char *name);
gboolean sim_module_is_unlocked(SimModule *module);
gboolean sim_module_is_sim_busy(SimModule *module);
double sim_module_take_first_delay(SimModule *module);

/* sim-common.c */
extern const SimCommandDef sim_common_commands[];

/* sim-network.c: what the module is registered in. Not at once after a start, nor without its PIN.
 */
gboolean sim_module_is_registered(SimModule *module);
/* <stat> of +CREG (0), +CGREG (1) or +CEREG (2): a module in 3G is in no LTE network. */
int sim_module_registration(SimModule *module, guint which);
/* What the network says from now on. */
void sim_module_set_registration(SimModule *module, int status);
/* +CFUN's, other than it was. */
void sim_module_set_functionality(SimModule *module, int cfun);
void sim_module_search_network(SimModule *module);
void sim_module_stop_search(SimModule *module);

/* sim-sms.c */
SimResult sim_sms_run_format(SimModule *module, SimCommand *command);
SimResult sim_sms_run_indications(SimModule *module, SimCommand *command);
SimResult sim_sms_run_storage(SimModule *module, SimCommand *command);
SimResult sim_sms_run_list(SimModule *module, SimCommand *command);
SimResult sim_sms_run_read(SimModule *module, SimCommand *command);
SimResult sim_sms_run_delete(SimModule *module, SimCommand *command);
/* A message arrives from the network. */
/* @part of @parts, from 1; a whole message is part 1 of 1. */
gboolean sim_sms_receive(SimModule *module, const char *sender, const char *text, guint part,
                         guint parts, GError **error);
void sim_sms_clear(SimModule *module);

/* sim-context.c: PDP contexts */
SimResult sim_context_run_define(SimModule *module, SimCommand *command);
SimResult sim_context_run_activate(SimModule *module, SimCommand *command);
SimResult sim_context_run_address(SimModule *module, SimCommand *command);
/* An `apn` of NULL takes the definition away. */
void sim_context_define(SimModule *module, int cid, const char *type, const char *apn);
gboolean sim_context_activate(SimModule *module, int cid);
void sim_context_deactivate(SimModule *module, int cid);
char *sim_context_ip(SimModule *module, int cid);
