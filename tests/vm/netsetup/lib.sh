# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the guests of test-netsetup share: the programs in place, and TAP.
tests=0
failed=0

check() {
        local name=$1
        shift
        tests=$((tests + 1))
        if "$@" >check.out 2>&1; then
                echo "ok $tests - $name"
        else
                echo "not ok $tests - $name"
                sed 's/^/# /' check.out
                failed=1
        fi
}

refute() {
        ! "$@"
}

finish() {
        echo "1..$tests"
        exit $failed
}

# Waits until a command succeeds, 20 s at most.
until_ok() {
        local i
        for ((i = 0; i < 100; i++)); do
                "$@" >/dev/null 2>&1 && return
                sleep 0.2
        done
        echo "still fails: $*"
        "$@"
}

# Elsewhere they come with the packages.
if [ -e spark-netsetup ]; then
        install -m 644 lib/* /usr/local/lib/ && ldconfig
        install -m 755 spark-netsetup wg /usr/sbin/
        mkdir -p /etc/spark
fi
