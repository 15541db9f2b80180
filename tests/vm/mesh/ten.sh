#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh has $failed; what sh -c gets is for it to expand
#
# Runs as root in a VM: a first host and ten that join it, each in a network namespace with state
# and names of its own, on one bridge. The target is under 10 s for all ten, until every host
# reaches every other.
set -u
. ./lib.sh
hosts=10
left=()

ip link add br0 type bridge && ip link set br0 up
for i in $(seq 0 $hosts); do
        ip netns add "n$i"
        ip link add "v$i" type veth peer name eth0 netns "n$i"
        ip link set "v$i" master br0 up
        ip -n "n$i" link set lo up
        ip -n "n$i" link set eth0 up
        ip -n "n$i" address add "172.20.0.$((i + 1))/24" dev eth0
        mkdir -p "host/$i/etc" "host/$i/var" "host/$i/run" "host/$i/units"
        cp /etc/hosts "host/$i/hosts"
done

# `ip netns exec` has a mount namespace of its own.
on() {
        local i=$1
        shift
        ip netns exec "n$i" sh -c '
                cd "$0" && mkdir -p /var/lib/spark-netsetup /run/spark-netsetup /etc/spark &&
                mount --bind "host/$1/etc" /etc/spark && mount --bind "host/$1/hosts" /etc/hosts &&
                mount --bind "host/$1/var" /var/lib/spark-netsetup &&
                mount --bind "host/$1/run" /run/spark-netsetup &&
                mount --bind "host/$1/units" /etc/systemd/system || exit
                shift
                exec "$@"' "$PWD" "$i" "$@"
}
serve() {
        on "$1" sh -c 'echo $$ >"$0" && exec spark-netsetup serve --listen 0.0.0.0' \
                "$PWD/host/$1/pid" >>"host/$1/log" 2>&1 &
}
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
        kill "$(cat "host/$i/pid")"
        while kill -0 "$(cat "host/$i/pid")" 2>/dev/null; do sleep 0.05; done
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
