#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs as root in the VM, in the folder that test-limits packed: installs what it carried, and runs
# the tests. A package would install it in the same way; here the launcher is tested by itself.
set -eu
for user in spark spark-executor; do
        id "$user" >/dev/null 2>&1 ||
                useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
done
usermod -aG spark-executor spark
install -d /usr/libexec/sparkd /opt/test /etc/spark
install -m 755 spark-launcher spark-exec /usr/libexec/sparkd/
install -m 644 units/* /etc/systemd/system/
# A copy, because only what is below /opt may be run.
install -m 755 "$(readlink -f /usr/bin/python3)" /opt/test/python3
install -m 755 /usr/bin/false /opt/test/
ln -s /usr/bin/python3 /opt/test/leads-out
install -d -o spark -g spark -m 751 /var/lib/spark
install -d -o spark -g spark-executor -m 2710 /var/lib/spark/work
install -d -m 755 /var/lib/spark/work/root-owned
install -m 644 /dev/null /etc/spark/spark-launcher.conf
install -m 640 -g spark /dev/null /etc/spark/spark-secret.conf
mkdir /opt/test/job && cp -a . /opt/test/job && chmod -R a+rX /opt/test
systemctl daemon-reload
systemctl start spark-launcher.socket

cd /opt/test/job
failed=0
for t in "${@:-refusals executors host}"; do
        for name in $t; do
                echo "# $name"
                case $name in
                host) python3 -B host.py ;;
                *) runuser -u spark -- python3 -B "$name.py" ;;
                esac || failed=1
        done
done
[ "$failed" = 0 ] || journalctl -b --no-pager -o short-monotonic -n 60 -u 'spark-*'
exit "$failed"
