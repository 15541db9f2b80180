/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-output.h"

#include "netsetup/conf.h"
#include "tests/unit/mesh-rig.h"

static NodeIdentity first, second;

/* A list of two; the second has a name, and no endpoint. */
static MeshList list_of_two(void)
{
        ck_assert_int_eq(identity_generate(&first), 0);
        ck_assert_int_eq(identity_generate(&second), 0);
        MeshList list = rig_list(&first);
        MeshMember m = rig_member("second", &second);
        *m.endpoint.host = '\0';
        ck_assert_int_eq(mesh_list_put(&list, &m, NULL), 0);
        return list;
}

static void done(MeshList *list)
{
        mesh_list_done(list);
        identity_done(&first);
        identity_done(&second);
}

START_TEST(the_network_is_what_conf_reads)
{
        CLEANUP(done) MeshList list = list_of_two();
        CLEANUP_CONF Conf conf;
        char address[ADDRESS_TEXT_SIZE];

        for (size_t self = 0; self < 2; self++) {
                CLEANUP_FREE char *text =
                        mesh_render_network(&list, &list.members[self], "/var/lib/x/key");
                conf_init(&conf);
                ck_assert_int_eq(conf_read_text(&conf, "50-mesh.conf", text, strlen(text)), 0);
                ck_assert_int_eq(conf_check(&conf), 0);
                const ConfDevice *device =
                        (const ConfDevice *)conf_find(&conf, CONF_WIREGUARD, MESH_DEVICE);
                ck_assert_ptr_nonnull(device);
                ck_assert_uint_eq(device->port, 51820);
                ck_assert_str_eq(device->key_file, "/var/lib/x/key");
                ck_assert(device->mtu_auto);
                ck_assert_uint_eq(device->addresses->prefix.length, 24);
                const ConfPeer *peer = (const ConfPeer *)conf.items[CONF_PEER];
                ck_assert_ptr_nonnull(peer);
                ck_assert_ptr_null(peer->item.next);
                ck_assert(key_equal(&peer->public_key, &list.members[1 - self].key));
                (void)address_format(&peer->allowed->prefix.address, address);
                ck_assert_str_eq(address, self == 0 ? "10.90.1.2" : "10.90.1.1");
                ck_assert_uint_eq(peer->allowed->prefix.length, 32);
                if (self == 0)
                        ck_assert_ptr_null(peer->endpoint);
                else
                        ck_assert_str_eq(peer->endpoint, "192.0.2.1:51820");
                conf_done(&conf);
        }
        conf_init(&conf);
}
END_TEST

#define BLOCK                                                                                      \
        "# BEGIN spark-netsetup (from the list of the mesh's members; not to be edited)\n"         \
        "10.90.1.1 first.mesh first\n"                                                             \
        "10.90.1.2 second.mesh second\n"                                                           \
        "# END spark-netsetup\n"

START_TEST(names)
{
        static const struct {
                const char *before, *after, *without;
        } cases[] = {
                { "", BLOCK, "" },
                { "127.0.0.1 localhost\n", "127.0.0.1 localhost\n" BLOCK, "127.0.0.1 localhost\n" },
                { "127.0.0.1 localhost", "127.0.0.1 localhost\n" BLOCK, "127.0.0.1 localhost\n" },
                { "a\n" BLOCK "b\n", "a\n" BLOCK "b\n", "a\nb\n" },
                /* what is not in it any more goes */
                { "# BEGIN spark-netsetup (from the list of the mesh's members; not to be "
                  "edited)\n10.90.1.9 gone.mesh gone\n# END spark-netsetup\nb\n",
                  BLOCK "b\n", "b\n" },
        };
        CLEANUP(done) MeshList list = list_of_two();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *text = mesh_render_hosts(cases[i].before, &list);
                CLEANUP_FREE char *again = mesh_render_hosts(text, &list);
                CLEANUP_FREE char *without = mesh_render_hosts(text, NULL);
                ck_assert_str_eq(text, cases[i].after);
                ck_assert_str_eq(again, text);
                ck_assert_str_eq(without, cases[i].without);
        }
}
END_TEST

START_TEST(names_that_are_taken)
{
        static const struct {
                const char *hosts;
                bool taken;
        } cases[] = {
                { "192.0.2.9 second\n", true },
                { "192.0.2.9\tother SECOND # x\n", true },
                { "  192.0.2.9 other second", true },
                { "# 192.0.2.9 second\n", false },
                { "192.0.2.9 other # second\n", false },
                { "192.0.2.9 second.mesh\n", false },
                { "192.0.2.9 seconds the-second\n", false },
                { "second\n", false },
                { "192.0.2.9\nsecond other\n", false },
        };
        CLEANUP(done) MeshList list = list_of_two();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *text = mesh_render_hosts(cases[i].hosts, &list);
                const char *line = strstr(text, "10.90.1.2 second.mesh");
                ck_assert_ptr_nonnull(line);
                ck_assert_msg((strncmp(line, "10.90.1.2 second.mesh\n", 22) == 0) == cases[i].taken,
                              "%s", cases[i].hosts);
        }
}
END_TEST

START_TEST(spark)
{
        CLEANUP(done) MeshList list = list_of_two();
        CLEANUP_FREE char *worker = mesh_render_worker(&list, &list.members[1]);
        CLEANUP_FREE char *master = mesh_render_master(&list.members[0]);
        CLEANUP_FREE char *unit = mesh_render_worker_unit(&list.members[1]);

        ck_assert_ptr_nonnull(
                strstr(worker, "\n[worker]\nhost = 10.90.1.2\nmaster = spark://10.90.1.1:7077\n"));
        ck_assert_ptr_nonnull(strstr(master, "\n[master]\nhost = 10.90.1.1\n"));
        ck_assert_ptr_nonnull(strstr(
                unit, "\nEnvironment=SPARK_LOCAL_IP=10.90.1.2 SPARK_PUBLIC_DNS=10.90.1.2\n"));
}
END_TEST

UNIT_MAIN("mesh-output", the_network_is_what_conf_reads, names, names_that_are_taken, spark)
