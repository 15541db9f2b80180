#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh has $failed; what sh -c gets is for it to expand
#
# Runs as root in a VM: a first host and ten that join it, each in a network namespace with state
# and names of its own, on one bridge. The target is under 10 s for all ten, until every host
# reaches every other.
set -u
. ./lib.sh
. ./namespaces.sh
hosts=10
left=()

make_hosts $hosts
everybody_reaches_everybody() {
        local i j
        for i in $(seq 0 $hosts); do
                for j in $(seq 0 $hosts); do
                        [ "$i" = "$j" ] ||
                                ip netns exec "n$i" ping -q -c 1 -W 1 "10.80.0.$((j + 1))" >/dev/null ||
                                return
                done
        done
}

check "init" on 0 spark-netsetup init --name first --pool 10.80.0.0/24 --no-services
serve 0
token=$(on 0 spark-netsetup token)
start=$(date +%s.%N)
for i in $(seq $hosts); do
        on "$i" spark-netsetup join "$token" --name "host$i" --no-services >>"host/$i/log" 2>&1
        serve "$i"
done
joined=$(date +%s.%N)
check "every host reaches every other" until_ok everybody_reaches_everybody
reached=$(date +%s.%N)
check "and has them all in its list" sh -c "
        for i in \$(seq 0 $hosts); do
                grep -c '[.]mesh' host/\$i/hosts | grep -qx 11 || { cat host/\$i/hosts; exit 1; }
        done"
echo "# $hosts hosts joined in $(echo "$joined $start" | awk '{ printf "%.2f", $1 - $2 }') s," \
        "each reached each after $(echo "$reached $start" | awk '{ printf "%.2f", $1 - $2 }') s"
check "under 10 s" sh -c "echo $joined $start | awk '{ exit \$1 - \$2 >= 10 }'"
if [ "$failed" != 0 ]; then
        tail -n 30 host/*/log | sed 's/^/# /'
        finish
fi
# all at once get addresses of their own, too
for i in $(seq $hosts); do
        on "$i" spark-netsetup leave --no-services >>"host/$i/log" 2>&1 &
        left[i]=$!
done
for i in $(seq $hosts); do
        check "host$i leaves" wait "${left[i]}"
done
# A host that left has another identity from then on; systemd would have stopped its service.
for i in $(seq $hosts); do
        stop_serving "$i"
        serve "$i"
done
check "the first is alone" sh -c "test \$(grep -c '[.]mesh' host/0/hosts) = 1"
for i in $(seq $hosts); do
        on "$i" spark-netsetup join "$token" --name "host$i" --no-services >>"host/$i/log" 2>&1 &
        left[i]=$!
done
for i in $(seq $hosts); do
        check "host$i joins at the same time as the others" wait "${left[i]}"
done
check "every host reaches every other again" until_ok everybody_reaches_everybody
[ "$failed" = 0 ] || tail -n 30 host/*/log | sed 's/^/# /'
finish
