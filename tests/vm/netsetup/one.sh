#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # what sh -c gets is for it to expand
#
# Runs as root in one VM: WireGuard in the kernel, systemd-networkd beside it, apply --confirm.
set -u
# shellcheck source=/dev/null
. ./lib.sh

check "what the namespaces test, with WireGuard" env CK_VERBOSITY=minimal ./test-apply
sed -n 's/^/# /p' check.out

# ---- a tunnel, and what of it may not be shown ----
umask 077
check "genkey" spark-netsetup genkey /etc/spark/spark0.key
check "genkey overwrites nothing" refute spark-netsetup genkey /etc/spark/spark0.key
other=$(spark-netsetup genkey other.key)
umask 022
cat >/etc/spark/network.conf <<END
[wireguard spark0]
private-key-file = /etc/spark/spark0.key
listen-port = 51820
address = 10.64.0.1/16
[peer other]
public-key = $other
endpoint = 192.0.2.1:51820
allowed-ips = 10.64.0.2, 10.70.0.0/16
persistent-keepalive = 25
END
check "check" spark-netsetup check
check "plan needs no root" setpriv --reuid nobody --clear-groups spark-netsetup plan
check "plan says what it may not read" \
        sh -c 'setpriv --reuid nobody --clear-groups spark-netsetup plan | grep "cannot be read by this user"'
check "apply" spark-netsetup apply
check "no secret is shown" \
        sh -c '! { spark-netsetup plan --json; spark-netsetup status --json; journalctl -b; } | grep -F "$(cat /etc/spark/spark0.key)"'
check "apply again has nothing to do" test -z "$(spark-netsetup apply 2>&1)"
check "the kernel has the peer" test "$(wg show spark0 allowed-ips)" = "$other$(printf '\t')10.64.0.2/32 10.70.0.0/16"
check "the kernel has the key" test "$(wg show spark0 private-key)" = "$(cat /etc/spark/spark0.key)"
status=$(spark-netsetup status --json)
check "status" test "$(echo "$status" | python3 -c '
import json, sys
peer = json.load(sys.stdin)["devices"][0]["peers"][0]
print(peer["name"], peer["state"], peer["endpoint"])')" = "other never met 192.0.2.1:51820"
check "plan by nobody says what only root sees" \
        sh -c 'setpriv --reuid nobody --clear-groups spark-netsetup plan | grep "only root can see"'
check "a key in the file is refused" \
        sh -c 'echo "[wireguard spark0]
private-key = x" >bad.conf; spark-netsetup --config $PWD/bad.conf check 2>&1 | grep "bad.conf:2: private-key: a secret"'
# Killed as by a mistake of its own, where any other program leaves an image of its memory.
leaves_a_core() {
        rm -rf cores && mkdir cores && mkfifo -m 600 cores/in
        (ulimit -c unlimited && exec "$@" <>cores/in) &
        sleep 0.5
        kill -SEGV $!
        wait $!
        test -e "cores/core.$!"
}
echo "$PWD/cores/core.%p" >/proc/sys/kernel/core_pattern
check "a program that is killed leaves an image" leaves_a_core cat
check "this one does not" refute leaves_a_core spark-netsetup join -

# ---- systemd-networkd beside it ----
# The administrator's file takes every interface; ours are set apart by the files that are shipped.
ip link add net0 type dummy
mkdir -p /usr/lib/systemd/networkd.conf.d /usr/lib/systemd/network
install -m 644 networkd.conf /usr/lib/systemd/networkd.conf.d/spark-netsetup.conf
install -m 644 05-spark-netsetup.network /usr/lib/systemd/network/
printf '[Match]\nName=spark* x*\n[Network]\nLinkLocalAddressing=ipv6\n' >/etc/systemd/network/90-all.network
cat >/etc/systemd/network/10-net0.network <<END
[Match]
Name=net0
[Network]
Address=10.5.0.1/24
END
systemctl restart systemd-networkd
until_ok sh -c 'ip address show net0 | grep 10.5.0.1'
cat >>/etc/spark/network.conf <<END
[route 10.9.0.0/16]
via = 10.5.0.2
END
sed 's|@sbindir@|/usr/sbin|' spark-netsetup.service.in >/etc/systemd/system/spark-netsetup.service
systemctl daemon-reload
check "beside networkd" systemctl start spark-netsetup.service
seen() {
        ip route | grep -v linkdown
        ip -o address show dev spark0
        wg show spark0
}
seen >before
before_networkd() {
        seen >now
        diff before now
}
networkctl reload
check "networkd reloaded: ours stays" before_networkd
check "networkd leaves the tunnel alone" sh -c 'networkctl list spark0 --no-legend | grep unmanaged'
systemctl restart systemd-networkd
until_ok sh -c 'networkctl list net0 --no-legend | grep configured'
check "networkd restarted: the unit brings back what went with the addresses" until_ok before_networkd
networkctl reconfigure net0
sleep 1
check "a link configured anew: apply makes good what it has lost" spark-netsetup apply
check "and all is as before" before_networkd
check "what networkd made stays after down" \
        sh -c 'spark-netsetup down && ip address show net0 | grep 10.5.0.1'
check "nothing of ours stays after down" \
        sh -c '! ip route show proto 115 | grep . && ! ip link show spark0 '

# ---- apply --confirm ----
check "apply --confirm makes the change" spark-netsetup apply --confirm 6
check "in a scope of systemd" sh -c 'systemctl list-units --no-legend "spark-netsetup-confirm-*.scope" | grep running'
check "it is there" ip link show spark0
check "another apply waits its turn" refute spark-netsetup apply
sleep 7
check "nobody confirmed: it is gone" refute ip link show spark0
check "and the journal says so" until_ok sh -c 'journalctl -t spark-netsetup | grep "nobody confirmed"'
# started in a session that dies at once, with all that is in it
cat >killed.sh <<END
spark-netsetup apply --confirm 6
kill -KILL 0
END
systemd-run --quiet --wait --collect -p KillMode=control-group bash "$PWD/killed.sh"
check "the change outlives the one who made it" ip link show spark0
check "a confirmation keeps it" spark-netsetup confirm
sleep 7
check "it stays" ip link show spark0
check "there is nothing more to confirm" refute spark-netsetup confirm

# ---- the unit ----
spark-netsetup down >/dev/null
systemctl stop spark-netsetup.service
check "the unit applies" systemctl start spark-netsetup.service
check "the tunnel is there" ip link show spark0
check "with one capability" test "$(systemctl show -P CapabilityBoundingSet spark-netsetup)" = cap_net_admin
mkdir -p /etc/spark/network.conf.d
printf '[nonsense]\nx = 1\n' >/etc/spark/network.conf.d/99-bad.conf
check "a bad file fails the unit" refute systemctl restart spark-netsetup.service
check "and says where" sh -c 'journalctl -u spark-netsetup | grep "99-bad.conf:2: x: in the unknown section"'
check "and changes nothing" ip link show spark0
rm /etc/spark/network.conf.d/99-bad.conf

# ---- the firewall ----
check "firewall --apply" spark-netsetup firewall --apply
check "its table" sh -c 'nft list table inet spark_netsetup | grep "reject with tcp reset"'
check "again" spark-netsetup firewall --apply
check "firewall --remove" spark-netsetup firewall --remove
check "no table" refute nft list table inet spark_netsetup
[ "${failed:-1}" = 0 ] || journalctl -u spark-netsetup -u systemd-networkd -o cat | tail -n 40 | sed 's/^/# /'
finish
