#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # what sh -c gets is for it to expand
#
# Runs as root in three VMs on one Ethernet, as a hand-written script set it up before: vm1 has a
# tunnel to vm2, behind which there is a remote subnet; vm3 has no WireGuard and goes by way of vm1.
# vm3 has an address of its own subnet, so that answers find it through the tunnel only.
set -u
# shellcheck source=/dev/null
. ./lib.sh
[ "$VM_INDEX" != 1 ] || python3 -B barrier.py serve 3 &
card=$(ip -o address show to "$VM_IP" | awk '{ print $2 }')
key=keys/$VM_INDEX
chmod 600 keys/?
public() {
        wg pubkey <"keys/$1"
}

case $VM_INDEX in
1) cat >/etc/spark/network.conf ;;
2) cat >/etc/spark/network.conf ;;
3) : >/etc/spark/network.conf ;;
esac <<END
[network]
forwarding = ipv4
[wireguard spark0]
private-key-file = $PWD/$key
listen-port = 51820
address = 10.64.0.$VM_INDEX/16
mtu = auto
[peer other]
public-key = $(public $((3 - VM_INDEX)) 2>/dev/null)
endpoint = 10.77.0.$((3 - VM_INDEX)):51820
allowed-ips = 10.64.0.$((3 - VM_INDEX))/32
END

# The path is measured, which takes two.
python3 -B barrier.py wait "booted"
if [ "$VM_INDEX" = 1 ]; then
        mkdir -p /etc/spark/network.conf.d
        cat >/etc/spark/network.conf.d/10-lan.conf <<END
[interface $card]
address = 172.30.0.1/24
[peer other]
allowed-ips = 10.200.2.0/24
END
        check "vm1: apply" spark-netsetup apply
        check "the MTU is what the path carries, less the overhead of IPv4" \
                sh -c 'ip link show spark0 | grep "mtu 1440"'
elif [ "$VM_INDEX" = 2 ]; then
        ip link add remote type dummy
        mkdir -p /etc/spark/network.conf.d
        cat >/etc/spark/network.conf.d/10-lan.conf <<END
[interface remote]
address = 10.200.2.1/24
[peer other]
allowed-ips = 172.30.0.0/24
END
        check "vm2: apply" spark-netsetup apply
        python3 -m http.server --bind 10.200.2.1 8080 --directory / >/dev/null 2>&1 &
        until_ok bash -c '</dev/tcp/10.200.2.1/8080'
else
        ip address add 172.30.0.3/24 dev "$card"
fi
python3 -B barrier.py wait "set up"

if [ "$VM_INDEX" = 3 ]; then
        check "without a route the remote subnet is not reached" refute ping -c 1 -W 1 10.200.2.1
        check "one command" spark-netsetup route add 10.200.2.0/24 via 172.30.0.1 --save
        check "and another" spark-netsetup route add 10.64.0.0/16 via 172.30.0.1
        check "ping through the host that has WireGuard" \
                until_ok ping -c 1 -W 1 -I 172.30.0.3 10.200.2.1
        check "TCP" python3 -c '
import urllib.request
assert urllib.request.urlopen("http://10.200.2.1:8080/etc/hostname", timeout=10).status == 200'
        check "large packets" ping -c 1 -W 2 -s 8000 -I 172.30.0.3 10.200.2.1
        check "the peer itself" ping -c 1 -W 1 -I 172.30.0.3 10.64.0.2
        check "check and plan agree" spark-netsetup plan
        ip route flush proto 115
        check "after a loss apply brings both back" spark-netsetup apply
        check "again" ping -c 1 -W 1 -I 172.30.0.3 10.200.2.1
        rm -r /run/spark # as a boot does
        ip route flush proto 115
        check "after a boot" spark-netsetup apply
        check "the saved route is there" ping -c 1 -W 1 -I 172.30.0.3 10.200.2.1
        check "the other one is not" refute sh -c 'ip route | grep 10.64'
        check "route del" spark-netsetup route del 10.200.2.0/24
        check "it is gone" refute ping -c 1 -W 1 -I 172.30.0.3 10.200.2.1
fi
python3 -B barrier.py wait "routes"

if [ "$VM_INDEX" = 1 ]; then
        check "the traffic went through the tunnel" \
                sh -c 'test "$(wg show spark0 transfer | awk "{ print \$2 }")" -gt 8000'
        check "status --probe" sh -c 'spark-netsetup status --probe --json >status.json'
        check "sees the other side and both MTUs" python3 -c '
import json
peer = json.load(open("status.json"))["devices"][0]["peers"][0]
assert peer["state"] == "reachable" and peer["handshake_age_seconds"] < 60, peer
assert peer["path_mtu"] == 1500 and peer["tunnel_mtu"] == 1440 and peer["rx_bytes"] > 8000, peer'
        # a tunnel that works is not touched by changes beside it
        ping -c 400 -i 0.01 -W 2 -q 10.64.0.2 >ping.out &
        ping=$!
        sleep 0.3
        for i in 1 2 3 4 5; do
                printf '[peer other]\nallowed-ips = 10.201.%s.0/24\n' $i >/etc/spark/network.conf.d/20.conf
                check "change $i" spark-netsetup apply
        done
        rm /etc/spark/network.conf.d/20.conf
        check "and back" spark-netsetup apply
        check "before the last ping" kill -0 $ping
        wait $ping # which waits for the last answers
        check "no packet was lost meanwhile" grep -q " 0% packet loss" ping.out
        sed 's/^/# /' ping.out
fi
python3 -B barrier.py wait "end"
finish
