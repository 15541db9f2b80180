#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh has $failed; what sh -c gets is for it to expand
#
# Runs as root in three VMs on one Ethernet: from the packages in debs/ and the Spark of /mnt/spark
# to a job over the mesh. vm1 has master and driver, the others get a worker by joining. In the end
# vm3 reboots, and runs this again.
set -u
export DEBIAN_FRONTEND=noninteractive BARRIER_SECONDS=240
. ./lib.sh
[ "$VM_INDEX" != 1 ] || python3 -B barrier.py serve 3 &
hostname "$VM_NAME"
mkdir -p share /var/log/apt

# For machines that are small and slow: the default of each costs seconds and memory.
java_flags="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -XX:-UsePerfData"
megabytes=24

together() {
        python3 -B barrier.py wait "$1"
}
address_of() {
        getent ahostsv4 "$1.mesh" | awk 'NR == 1 { print $1 }'
}
connects() {
        timeout 5 bash -c '</dev/tcp/$0/$1' "$@"
}
status_says() {
        systemctl show -P StatusText "$1" | grep "$2"
}
workers() {
        python3 -c '
import json, sys, urllib.request
state = json.load(urllib.request.urlopen(f"http://{sys.argv[1]}:8080/json/", timeout=10))
print(*sorted(w["host"] for w in state["workers"] if w["state"] == "ALIVE"), sep=",")
' "$(address_of vm1)" | tee /dev/stderr
}
# Who joined first has the lower address.
both_addresses() {
        { address_of vm2; address_of vm3; } | sort | paste -sd ,
}
reaches() {
        ping -q -c 1 -W 1 "$1"
}
has_both_workers() {
        workers | grep -Fx "$(both_addresses)"
}
# What was received from a host and sent to it through the tunnel, in bytes.
transferred() {
        wg show spark-mesh dump | awk -v "ip=$(address_of "$1")/32" '$4 == ip { print $6, $7 }'
}
# Whether both have grown by so many bytes.
transferred_more() {
        echo "$2 $(transferred "$1")" | tee /dev/stderr |
                awk -v "least=$3" '{ exit $3 - $1 < least || $4 - $2 < least }'
}
# Its ports are among those which the firewall closes, so that only the mesh is left for it.
submit() {
        (cd /srv/job && runuser -u user -- env "SPARK_LOCAL_IP=$(address_of vm1)" \
                "JDK_JAVA_OPTIONS=$java_flags" PYSPARK_PYTHON=python3 \
                /opt/spark/default/bin/spark-submit --master "spark://$(address_of vm1):7077" \
                --driver-memory 480m --executor-memory 480m --executor-cores 1 \
                --conf spark.executor.memoryOverhead=300m \
                --conf "spark.executor.extraJavaOptions=$java_flags" \
                --conf spark.ui.enabled=false --conf spark.blockManager.port=4050 \
                --conf spark.driver.port=4041 --conf spark.driver.blockManager.port=4042 \
                --conf spark.scheduler.minRegisteredResourcesRatio=1.0 \
                --conf spark.scheduler.maxRegisteredResourcesWaitingTime=120s \
                --conf spark.locality.wait=0 \
                shuffle.py $megabytes) >job.out 2>job.err || {
                tail -n 40 job.err
                return 1
        }
}
result() {
        grep -Fx "$1" job.out || {
                cat job.out
                return 1
        }
}

# --- what vm3 finds when it has rebooted, and nobody has done anything
if [ "$VM_BOOT" = 2 ]; then
        failed=$(cat /srv/failed)
        check "vm3 has rebooted, and brings its network up" \
                until_ok systemctl -q is-active spark-netsetup.service
        check "its place in the mesh is what it was" test "$(cat /srv/address)" = "$(address_of vm3)"
        check "its worker has registered over the mesh" until_ok \
                status_says spark-worker.service "Registered with spark://$(address_of vm1):7077"
        for host in vm1 vm2; do
                check "vm3 reaches $host by its name" until_ok reaches $host.mesh
        done
        check "vm3 gets the list of members" spark-netsetup pull
        check "vm3 has nothing that failed" sh -c '! systemctl --failed --no-legend | tee /dev/stderr | grep .'
        together back
        together end
        [ "$failed" = 0 ] || journalctl -b --no-pager -n 200 -u 'spark*' | sed 's/^/# /'
        finish
fi

check "$VM_NAME has the packages" apt-get -qq install -y --no-install-recommends ./debs/*.deb
check "$VM_NAME has a stock Spark" spark-engine install /mnt/spark

# --- one command for each host
if [ "$VM_INDEX" = 1 ]; then
        (cd share && exec python3 -m http.server --bind 10.77.0.1 8000 >/dev/null 2>&1) &
        useradd -m user
        install -d /srv/job && cp shuffle.py /srv/job
        check "init" spark-netsetup init
        spark-netsetup token >share/token
        check "the master starts" systemctl start spark-master.service
else
        printf '[worker]\ncores = 1\nmemory = 600m\nexecutor-memory = 800m\n' \
                >/etc/spark/spark-worker.conf.d/test.conf
fi
together token
if [ "$VM_INDEX" != 1 ]; then
        python3 -c 'import urllib.request as u; print(u.urlopen("http://10.77.0.1:8000/token").read().decode())' >token
        start=$(date +%s%N)
        check "$VM_NAME joins, with its worker" sh -c 'spark-netsetup join - --start-worker <token'
        echo "# in $((($(date +%s%N) - start) / 1000000)) ms"
        check "the worker has registered at the master's address in the mesh" \
                until_ok status_says spark-worker.service "Registered with spark://$(address_of vm1):7077"
        check "it starts at boot" systemctl -q is-enabled spark-worker.service
fi
together joined
check "$VM_NAME has the ports of the cluster open to the mesh alone" spark-netsetup firewall --apply
together closed
if [ "$VM_INDEX" = 1 ]; then
        check "the master knows both workers by their addresses in the mesh" until_ok has_both_workers
else
        other=$((5 - VM_INDEX))
        check "$VM_NAME does not reach the master beside the mesh" refute connects 10.77.0.1 7077
        check "but in it" connects "$(address_of vm1)" 7077
        check "nor the other's worker beside the mesh" refute connects 10.77.0.$other 7078
        check "but in it" connects "$(address_of vm$other)" 7078
fi

# --- a job, whose shuffle goes from worker to worker
others=$(for i in 1 2 3; do [ $i = "$VM_INDEX" ] || echo vm$i; done)
declare -A before
for host in $others; do
        before[$host]=$(transferred "$host")
done
together measured
if [ "$VM_INDEX" = 1 ]; then
        check "spark-submit runs a job from the driver's address in the mesh" submit
        check "every record came once" result "numbers=$((megabytes * 16 * (megabytes * 16 - 1) / 2))"
        check "and whole" result "bytes=$((megabytes << 20))"
        # Spark asks for the name of the address, and the others for the address of the name.
        check "the driver was at its address in the mesh" result "driver=vm1.mesh"
        check "and an executor on each worker" result "executors=$(both_addresses)"
fi
together ran
for host in $others; do
        least=$((megabytes << 17)) # half of what should go either way
        # a driver says what to do, and hears how it went
        [ "$VM_INDEX" != 1 ] && [ "$host" != vm1 ] || least=20000
        check "$VM_NAME and $host have talked through the tunnel" \
                transferred_more "$host" "${before[$host]}" $least
        sed 's/^/# bytes in and out, before and after: /' check.out
done

# --- a host reboots
if [ "$VM_INDEX" = 3 ]; then
        address_of vm3 >/srv/address
        echo "$failed" >/srv/failed
        systemctl reboot
        sleep infinity
fi
together back
check "$VM_NAME reaches vm3 by its name, after its reboot" until_ok reaches vm3.mesh
check "and its worker" connects vm3.mesh 7078
[ "$VM_INDEX" != 1 ] || check "the master has both workers again" until_ok has_both_workers
together end
[ "$failed" = 0 ] || journalctl --no-pager -n 200 -u 'spark*' | sed 's/^/# /'
finish
