/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Between the machine's records (record.h) and the store (store/store.h): loads them at the start,
 * makes those of a batch of effects durable, and after a failure writes all of them anew.
 */

#include "daemons/master/record.h"
#include "store/store.h"

typedef struct Keeper Keeper;

#define KEEPER_MESSAGE_MAX (STORE_MESSAGE_MAX + 256)

/* 0, a STORE_E_ or -errno, and then why in `ret_message`. `directory` is copied. */
int keeper_open(const char *directory, Keeper **ret, char ret_message[static KEEPER_MESSAGE_MAX]);
void keeper_free(Keeper *k);
void keeper_free_pointer(Keeper **k); /* for CLEANUP */

/* Gives the machine all that was kept, before its first event. 0, STORE_E_DAMAGED, STORE_E_NEWER or
 * -errno, and then why in `ret_message`. */
int keeper_load(Keeper *k, Master *m, MasterTime time, char ret_message[static KEEPER_MESSAGE_MAX]);

/* Makes the records durable that the effects name. 0; -ENOMEM; else nothing of this batch may be
 * promised (keeper_message() says why), and keeper_resync() is what mends it. */
int keeper_commit(Keeper *k, const Master *m, const MasterEffects *effects);

/* Makes the store hold just what the machine has. 0, or why not, as keeper_commit(). */
int keeper_resync(Keeper *k, const Master *m);

const char *keeper_message(const Keeper *k);
