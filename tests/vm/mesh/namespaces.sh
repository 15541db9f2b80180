# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Hosts in network namespaces of one VM, on one bridge, each with state and names of its own.

# make_hosts LAST: hosts 0 to LAST, at 172.20.0.1 and fd20::1 and so on.
make_hosts() {
        local i
        ip link add br0 type bridge && ip link set br0 up
        for i in $(seq 0 "$1"); do
                ip netns add "n$i"
                ip link add "v$i" type veth peer name eth0 netns "n$i"
                ip link set "v$i" master br0 up
                ip -n "n$i" link set lo up
                ip -n "n$i" link set eth0 up
                ip -n "n$i" address add "172.20.0.$((i + 1))/24" dev eth0
                ip -n "n$i" address add "fd20::$((i + 1))/64" dev eth0 nodad
                mkdir -p "host/$i/etc" "host/$i/var" "host/$i/run" "host/$i/units"
                cp /etc/hosts "host/$i/hosts"
        done
}

# on HOST COMMAND...; `ip netns exec` has a mount namespace of its own.
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
# serve HOST [ADDRESS]
serve() {
        on "$1" sh -c 'echo $$ >"$0" && exec spark-netsetup serve --listen "$1"' \
                "$PWD/host/$1/pid" "${2:-0.0.0.0}" >>"host/$1/log" 2>&1 &
}
stop_serving() {
        local pid
        pid=$(cat "host/$1/pid")
        kill "$pid"
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}
