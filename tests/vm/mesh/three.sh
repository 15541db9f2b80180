#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh has $failed; what sh -c gets is for it to expand
#
# Runs as root in three VMs on one Ethernet: vm1 makes a mesh, the others join it.
set -u
. ./lib.sh
[ "$VM_INDEX" != 1 ] || python3 -B barrier.py serve 3 &
install -m 644 units/* /etc/systemd/system/
systemctl daemon-reload
hostname "$VM_NAME"
mkdir -p share

together() {
        python3 -B barrier.py wait "$1"
}
fetch() {
        python3 -c '
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode(), end="")
' "http://10.77.0.1:8000/$1"
}
nodes() {
        spark-netsetup nodes --json | python3 -c "
import json, sys
mesh = json.load(sys.stdin)
nodes = {n['name']: n for n in mesh['nodes']}
sys.exit(0 if $1 else print(json.dumps(mesh, indent=1)) or 1)"
}
address_of() {
        getent ahostsv4 "$1.mesh" | awk 'NR == 1 { print $1 }'
}
reaches() {
        ping -q -c 1 -W 1 "$(address_of "$1")"
}
# As when the host goes down: nothing in the kernel, nothing in /run. (job.sh has a real reboot.)
lose_everything() {
        systemctl stop spark-netsetup-join.socket spark-netsetup-join.service spark-netsetup-pull.timer
        ip link del spark-mesh
        rm -rf /run/spark-netsetup
}
boot() {
        systemctl restart spark-netsetup.service &&
                systemctl start spark-netsetup-join.socket spark-netsetup-pull.timer
}

# --- a mesh of three
if [ "$VM_INDEX" = 1 ]; then
        (cd share && exec python3 -m http.server --bind 10.77.0.1 8000 >/dev/null 2>&1) &
        check "a pool that is in use is refused" refute spark-netsetup init --pool 10.77.0.0/24
        check "token without a mesh is refused" refute spark-netsetup token
        check "init" spark-netsetup init
        check "a second time is refused" refute spark-netsetup init
        spark-netsetup token >share/token
        spark-netsetup token --once --ttl 10min >share/once
fi
together tokens
case $VM_INDEX in
2)
        start=$(date +%s.%N)
        check "vm2 joins" spark-netsetup join "$(fetch token)"
        check "systemd has read its units once for that" \
                sh -c "journalctl --since @$start _PID=1 | grep -c Reloading | grep -qx 1"
        check "the tunnel's unit is active, so that it comes back with networkd" \
                until_ok systemctl -q is-active spark-netsetup.service
        check "nothing got in the way of it" refute sh -c \
                "journalctl --since @$start -t spark-netsetup | grep 'another one is at work'"
        check "what others ask is listened for" systemctl -q is-active spark-netsetup-join.socket
        check "and is asked" systemctl -q is-active spark-netsetup-pull.timer
        ;;
3)
        fetch once >token-once
        check "vm3 joins with a token for one" sh -c 'spark-netsetup join - <token-once'
        ;;
esac
together joined
for i in 1 2 3; do
        check "$VM_NAME knows the name of vm$i and reaches it" until_ok reaches vm$i
done
check "$VM_NAME has all of them up" until_ok nodes \
        "len(nodes) == 3 and all(n['state'] in ('up', 'this host') for n in nodes.values())"
check "the worker's settings" grep -x "host = $(address_of "$VM_NAME")" \
        /etc/spark/spark-worker.conf.d/50-mesh.conf
check "the worker's master" grep -x "master = spark://$(address_of vm1):7077" \
        /etc/spark/spark-worker.conf.d/50-mesh.conf
check "the keys are root's only" sh -c \
        'test "$(stat -c %a /var/lib/spark-netsetup/wireguard.key /var/lib/spark-netsetup/node.key | sort -u)" = 600'
check "the MTU is what WireGuard leaves" sh -c 'ip link show spark-mesh | grep -E "mtu 14[24]0"'
[ ! -x ./after-join.sh ] || check "what comes with the test" ./after-join.sh
together up

# --- leaving, and tokens that are spent
if [ "$VM_INDEX" = 2 ]; then
        check "vm2 leaves" spark-netsetup leave
        check "its tunnel is gone" refute ip link show spark-mesh
        check "and its names" refute grep -q mesh /etc/hosts
        check "and the worker's settings" refute test -e /etc/spark/spark-worker.conf.d/50-mesh.conf
        check "the spent token is refused" refute spark-netsetup join "$(fetch once)"
fi
together left
[ "$VM_INDEX" = 2 ] || check "$VM_NAME has two" until_ok nodes "len(nodes) == 2"
together two
[ "$VM_INDEX" != 2 ] || check "vm2 joins again" spark-netsetup join "$(fetch token)"
together again
[ "$VM_INDEX" = 2 ] || check "$VM_NAME reaches vm2 again" until_ok reaches vm2

# --- keys change under traffic
[ "$VM_INDEX" != 2 ] || python3 -B traffic.py serve "$(address_of vm2)" &
together traffic
if [ "$VM_INDEX" = 3 ]; then
        python3 -B traffic.py send "$(address_of vm2)" 16 >traffic.out 2>&1 &
        traffic=$!
fi
for i in 2 3 1; do
        together "rotate $i"
        before=$(wg show spark-mesh public-key)
        [ "$VM_INDEX" != $i ] || check "$VM_NAME changes its key" spark-netsetup rotate-key
        [ "$VM_INDEX" != $i ] || check "it is another" refute test "$before" = "$(wg show spark-mesh public-key)"
        together "rotated $i"
done
if [ "$VM_INDEX" = 3 ]; then
        check "TCP lives through three new keys" wait "$traffic"
        sed 's/^/# /' traffic.out
fi
for i in 1 2 3; do
        check "$VM_NAME still reaches vm$i" until_ok reaches vm$i
done
together keys

# --- a host is removed
gone=$(address_of vm3)
together "before removal"
[ "$VM_INDEX" != 1 ] || check "vm1 removes vm3" spark-netsetup remove vm3
together removed
if [ "$VM_INDEX" = 3 ]; then
        check "vm3 has heard of it" until_ok refute ip link show spark-mesh
        check "it cannot come back by a token of before" refute spark-netsetup join "$(fetch token)"
else
        check "$VM_NAME has two again" until_ok nodes "len(nodes) == 2"
        # the list comes first, and what follows from it a moment later
        check "vm3 is not reached" until_ok refute ping -q -c 1 -W 1 "$gone"
        check "vm3 has no name" until_ok refute getent hosts vm3.mesh
fi
[ "$VM_INDEX" != 1 ] || spark-netsetup token >share/token2
together token2
[ "$VM_INDEX" != 3 ] || check "vm3 joins with a new token" spark-netsetup join "$(fetch token2)"
together back

# --- the first host is gone
first=$(address_of vm1)
if [ "$VM_INDEX" = 1 ]; then
        # a change that vm3 misses, so that it has to ask vm2 for it
        lose_everything
fi
together "first gone"
if [ "$VM_INDEX" != 1 ]; then
        other=vm$((5 - VM_INDEX))
        check "vm1 is not reached" refute ping -q -c 1 -W 1 "$first"
        check "$VM_NAME reaches $other all the same" reaches $other
        check "$VM_NAME gets the list from $other" spark-netsetup pull
fi
together "without first"
if [ "$VM_INDEX" = 3 ]; then
        lose_everything
        check "vm3 boots without the first host" boot
        check "and reaches vm2" until_ok reaches vm2
        check "to change a key needs the first host" refute spark-netsetup rotate-key
fi
together "boot without first"
[ "$VM_INDEX" != 1 ] || check "vm1 comes back" boot
together "first back"
for i in 1 2 3; do
        check "$VM_NAME reaches vm$i in the end" until_ok reaches vm$i
done
[ "$VM_INDEX" != 3 ] || check "vm3 changes its key" spark-netsetup rotate-key

# --- nothing secret was said
journalctl -b --no-pager >journal.txt 2>/dev/null
check "no private key is in the journal" refute grep -qF -f /var/lib/spark-netsetup/wireguard.key journal.txt
check "nothing failed meanwhile" refute grep -E "could not be (set up|sent|saved)" journal.txt
spark-netsetup nodes | sed 's/^/# /'
systemctl --failed --no-legend | sed 's/^/# failed: /'
together end
[ "$failed" = 0 ] || grep -E 'spark-netsetup|systemd.*spark' journal.txt | tail -40 | sed 's/^/# /'
finish
