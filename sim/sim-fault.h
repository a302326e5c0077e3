/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The faults of a module, armed by name. A fault occurs once unless it was armed with `always`;
 * `on=PREFIX` limits it to commands that begin with PREFIX, because ModemManager keeps sending its
 * own; `skip=N` lets N such commands pass first.
 */
typedef struct _SimFaults SimFaults;

SimFaults *sim_faults_new(void);
void sim_faults_free(SimFaults *faults);

/* `name[=value][,always][,on=PREFIX][,skip=N]`, or `clear`. */
gboolean sim_faults_arm(SimFaults *faults, const char *text, GError **error);

/* TRUE when the fault is armed and `command` (without AT, may be NULL) is the one it waits for;
 * disarms it unless it was armed with `always`. `value` (may be NULL) is the caller's to free. */
gboolean sim_faults_take(SimFaults *faults, const char *name, const char *command, char **value);
/* The same for faults whose value is a number; `number` stays as it was if there is none. */
gboolean
sim_faults_take_number(SimFaults *faults, const char *name, const char *command, double *number);

/* The armed ones as texts that sim_faults_arm() takes. */
char **sim_faults_describe(SimFaults *faults);
/* One line a fault, for --list-faults. */
void sim_faults_print_list(void);
