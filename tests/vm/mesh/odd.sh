#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh has $failed; what sh -c gets is for it to expand
#
# Runs as root in a VM: a mesh of namespaces over IPv6, and what users do with one that nobody meant.
set -u
. ./lib.sh
. ./namespaces.sh
make_hosts 3

# says TEXT COMMAND...: it fails, and says that.
says() {
        local text=$1
        shift
        if "$@" >said 2>&1 || ! grep -F -e "$text" said; then
                cat said
                return 1
        fi
}
join() {
        local i=$1 token=$2
        shift 2
        on "$i" spark-netsetup join "$token" --no-services --name "h$i" "$@"
}

# --- before there is one
for verb in token nodes leave rotate-key pull "remove x"; do
        check "$verb without a mesh" says "this host is a member of no mesh" on 0 \
                sh -c "spark-netsetup $verb"
done
check "an IPv6 pool is refused in words" says "an IPv4 subnet" on 0 spark-netsetup init --pool fd12:3456::/64
check "init" on 0 spark-netsetup init --name first --pool 10.80.0.0/29 --no-services \
        --endpoint '[fd20::1]'
serve 0 '[::]'

# --- tokens
token=$(on 0 spark-netsetup token)
once=$(on 0 spark-netsetup token --once)
short=$(on 0 spark-netsetup token --ttl 1s)
sleep 1.1
check "one that has expired" says "the token has expired" join 1 "$short"
check "which the first host says" grep -F "is unknown, has expired or was used" said
check "one with another end" says "this is no token" join 1 "${token%????}AAAA"
check "half of one" says "this is no token" join 1 "${token:0:50}"
check "none" says "this is no token" on 1 spark-netsetup join - --name h1
check "a name that is taken" says "another member has this name" join 1 "$token" --name first
check "one for a single host" join 1 "$once"
serve 1 '[::]'
check "a second one with it" says "was used" join 2 "$once"
cp host/1/var/members.json before.json
check "who is a member joins again" join 1 "$token"
check "and nothing has changed" cmp before.json host/1/var/members.json
check "over IPv6" sh -c 'ip netns exec n1 ping -q -c 1 -W 2 10.80.0.1 &&
        ip netns exec n1 wg show spark-mesh endpoints | grep -F "[fd20::1]:51820"'
check "an MTU for IPv6 around it" sh -c 'ip -n n1 link show spark-mesh | grep "mtu 1420"'
check "a second host" join 2 "$token"
serve 2 '[::]'

# --- a token in the list of processes: nobody answers at that address, so that join waits
ip netns exec n3 ip route add 198.51.100.0/24 dev eth0
far=$(on 3 sh -c 'spark-netsetup init --no-services --endpoint 198.51.100.1 >&2 &&
        spark-netsetup token && spark-netsetup leave --no-services')
far=$(echo "$far" | head -n 1)
on 3 sh -c 'echo $$ >host/3/pid && exec spark-netsetup join "$0" --no-services' "$far" >/dev/null 2>&1 &
joins() {
        tr '\0' ' ' <"/proc/$(cat host/3/pid)/cmdline" | grep -F "spark-netsetup join"
}
shows_token() {
        joins | grep -F -e "$far"
}
check "a join that waits" until_ok joins
check "does not show its token" until_ok refute shows_token
check "and goes on waiting" joins
wait $!

# --- what others write
on 1 sh -c 'printf "127.0.0.1 localhost\n10.9.9.9 h2\n" >/etc/hosts && rm -r /etc/spark/network.conf.d'
check "pull makes files good" on 1 spark-netsetup pull
check "the names are there again" grep -Fx "10.80.0.1 first.mesh first" host/1/hosts
check "but not one that is somebody else's" grep -Fx "10.80.0.3 h2.mesh" host/1/hosts
check "and the tunnels" sh -c 'grep -F "[wireguard spark-mesh]" host/1/etc/network.conf.d/50-mesh.conf'
cp -p host/1/var/members.json good.json
echo junk >>host/1/var/members.json
check "a spoiled list is told of" says "members.json: this is not what was written there" \
        on 1 spark-netsetup nodes
cp -p good.json host/1/var/members.json
check "and a good one is read again" on 1 spark-netsetup nodes

# --- hosts that are down
stop_serving 0
check "a join without the first host" says "nobody answered" join 3 "$token"
check "a member without it" says "--force leaves all the same" on 1 spark-netsetup leave
check "others than the first remove nobody" says "only the first host" on 1 spark-netsetup remove h2
serve 0 '[::]'
# its name on the wire goes, and its addresses stay
ip link set v2 down
check "one that is down is removed" on 0 spark-netsetup remove h2
ip link set v2 up
check "it hears of that when it asks" says "the host that asks is not a member" on 2 spark-netsetup pull
check "and what to do" grep -F 'leave' said
check "an older token is of no use to it" says "is unknown, has expired or was used" join 2 "$token"
token=$(on 0 spark-netsetup token)
check "with a new one it is back" join 2 "$token"
check "and reached" until_ok ip netns exec n0 ping -q -c 1 -W 1 10.80.0.3
check "removed again" on 0 spark-netsetup remove h2
check "it has heard of that" until_ok refute ip -n n2 link show spark-mesh
check "it leaves what it left" says "a member of no mesh" on 2 spark-netsetup leave --no-services
stop_serving 2
check "and joins as a new one" join 2 "$(on 0 spark-netsetup token)"

# --- killed in the middle
for seconds in 0.05 0.1 0.15 0.2 0.3 0.4; do
        on 3 timeout -s KILL $seconds spark-netsetup join "$(on 0 spark-netsetup token)" --name h3 \
                --no-services >/dev/null 2>&1
done
check "a join that was killed is made good by the next" join 3 "$(on 0 spark-netsetup token)"
check "and its host is reached" until_ok ip netns exec n3 ping -q -c 1 -W 1 10.80.0.1
check "the first leaves when told twice" says "--force all the same" on 0 spark-netsetup leave
check "nothing of all this was secret" sh -c '! cat host/*/log | grep -F -f host/1/var/wireguard.key'
[ "$failed" = 0 ] || tail -n 30 host/*/log | sed 's/^/# /'
finish
