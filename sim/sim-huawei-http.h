/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * One GET of the module's own client, by http, https or ftp, over libcurl in a thread. What has
 * arrived can be taken at any time: a module that loses power keeps it. A server's certificate is
 * not looked at.
 */
typedef struct _SimHttp SimHttp;

typedef enum {
    SIM_HTTP_OK,
    SIM_HTTP_RESOLVE, /* no such host */
    SIM_HTTP_CONNECT, /* nobody answers there */
    SIM_HTTP_MISSING, /* 4xx, or no such file */
    SIM_HTTP_LOGIN,   /* refused, by ftp */
    SIM_HTTP_SERVER,  /* 5xx, or an answer that is none */
    SIM_HTTP_LOST,    /* the connection broke, or was made to */
} SimHttpStatus;

typedef struct {
    guint64 offset;   /* first byte wanted */
    guint64 size;     /* of the whole file, 0: as the server tells it */
    guint64 break_at; /* made to break when so many bytes of the file are there; G_MAXUINT64: not */
    double break_share; /* the same as a share of a file of unknown size, 0: not */
    double seconds;     /* real time the whole file is spread over */
} SimHttpGet;

/* On the main context, once. */
typedef void (*SimHttpFunc)(SimHttp *http, SimHttpStatus status, gpointer user_data);

SimHttp *sim_http_get(const char *url, const SimHttpGet *get, SimHttpFunc func, gpointer user_data);
/* Of the whole file; 0 until it is known. */
guint64 sim_http_get_size(SimHttp *http);
/* Takes the bytes that have arrived since the last call. */
GBytes *sim_http_take(SimHttp *http);
/* Ends it, with or without its callback. */
void sim_http_free(SimHttp *http);
