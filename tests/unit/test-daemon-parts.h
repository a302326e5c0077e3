/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/fota-wait.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-parts.h"

/* The parts of one module over a state directory of their own, without the module and D-Bus. */

#define IMEI "353081090012345"
#define OLD "30.00.001-B026"

typedef struct {
    char *directory;
    FotaContext context;
    FotaParts parts;
    GObject *owner;
} Fixture;

/* In place of g_test_init(). */
void fixture_init(int *argc, char ***argv);

#define FIXTURE_ADD(path, function)                                                                \
    g_test_add(path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

void fixture_set_up(Fixture *fixture, gconstpointer data);
void fixture_tear_down(Fixture *fixture, gconstpointer data);

/* Between the two, fotad is restarted: the parts are as the record says. */
void fixture_stop(Fixture *fixture);
void fixture_start(Fixture *fixture);

/* Reads @text as fotad.conf. */
void fixture_configure(Fixture *fixture, const char *text);

/* Returns once everything is on disk. */
void fixture_write(Fixture *fixture);

/* ModemManager shows the module, with @revision as its own name for the firmware. */
FotaModemFacts fixture_make_facts(const char *revision);
void fixture_see(Fixture *fixture, const char *revision);

/* A GAsyncReadyCallback: the result goes to the GAsyncResult * that @user_data points to. */
void fixture_take_result(GObject *object, GAsyncResult *result, gpointer user_data);
