/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What tests of the mesh share: a coordinator with its list, and members made up by number.
 */

#include "netsetup/mesh-members.h"
#include "tests/unit/unit.h"

static inline MeshMember rig_member(const char *name, const NodeIdentity *identity)
{
        MeshMember m = { .port = 51820 };
        NetKey private_key;

        (void)snprintf(m.name, sizeof(m.name), "%s", name);
        ck_assert_int_eq(key_generate(&private_key), 0);
        ck_assert_int_eq(key_public(&private_key, &m.key), 0);
        m.node = identity->key;
        ck_assert_int_eq(mesh_endpoint_parse("192.0.2.1:51820", 0, &m.endpoint), 0);
        return m;
}

/* A list with its coordinator only. */
static inline MeshList rig_list(const NodeIdentity *coordinator)
{
        MeshList list = { .sequence = 1, .coordinator = coordinator->key, .n_joins = 1 };
        const MeshMember first = rig_member("first", coordinator);

        ck_assert_int_eq(pool_parse("10.90.1.0/24", &list.pool, &list.prefix), 0);
        ck_assert_int_eq(mesh_endpoint_parse("192.0.2.1:7079", 0, &list.joins[0]), 0);
        (void)snprintf(list.master, sizeof(list.master), "spark://10.90.1.1:7077");
        ck_assert_int_eq(mesh_list_put(&list, &first, NULL), 0);
        return list;
}
