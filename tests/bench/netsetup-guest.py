#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs as root in the VM of tests/bench/netsetup: the same tunnel and routes by different programs.

usage: netsetup-guest.py PEERS ROUTES ROUNDS
"""

import base64
import os
import statistics
import subprocess
import sys
import time

PEERS, ROUTES, ROUNDS = (int(word) for word in sys.argv[1:4])
QUICK_ROUNDS = min(ROUNDS, 3)  # wg-quick starts a dozen programs for each peer
CARD, GATEWAY = "bench0", "10.1.0.2"
TARGET_MS = 100  # for the peers alone

OURS, BY_HAND = "spark-netsetup apply", "ip -batch, wg setconf"
rows = {}  # what was measured -> [(milliseconds, milliseconds of CPU)]


def settle():
    """The kernel works on after a command: it greets each peer of a new tunnel."""
    time.sleep(0.3)


def quiet(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


def measure(name, *commands):
    """Some commands one after the other; their failure is ours."""
    settle()
    before, start = os.times(), time.perf_counter()
    for command in commands:
        subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
    took, after = time.perf_counter() - start, os.times()
    cpu = (after.children_user + after.children_system
           - before.children_user - before.children_system)
    rows.setdefault(name, []).append((took * 1000, cpu * 1000))


def write(path, text):
    with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(text)


def peers():
    for i in range(PEERS):
        key = base64.b64encode(bytes([9, i >> 8, i & 255] + [7] * 29)).decode()
        yield i, key, f"192.0.2.{i % 250 + 1}:{51820 + i}", f"10.64.{i >> 8}.{i & 255}/32"


def routes():
    return [f"20.{i >> 8}.{i & 255}.0/24" for i in range(ROUTES)]


def ours():
    tunnel = ["[wireguard spark0]\nprivate-key-file = /root/key\nlisten-port = 51820\n"
            "address = 10.64.255.1/16\n"]
    for i, key, endpoint, allowed in peers():
        tunnel.append(f"[peer p{i}]\npublic-key = {key}\nendpoint = {endpoint}\n"
                    f"allowed-ips = {allowed}\npersistent-keepalive = 25\n")
    ways = [f"[route {subnet}]\nvia = {GATEWAY}\n" for subnet in routes()]
    write("/root/tunnel.conf", "".join(tunnel))
    write("/root/routes.conf", "".join(ways))
    write("/root/network.conf", "".join(tunnel + ways))


def theirs():
    key = open("/root/key", encoding="utf-8").read().strip()
    text = [f"[Interface]\nPrivateKey = {key}\nListenPort = 51820\n"]
    quick = [text[0], "Address = 10.64.255.1/16\n"]
    for _, public, endpoint, allowed in peers():
        peer = (f"[Peer]\nPublicKey = {public}\nEndpoint = {endpoint}\nAllowedIPs = {allowed}\n"
                "PersistentKeepalive = 25\n")
        text.append(peer)
        quick.append(peer)
    write("/root/wg.conf", "".join(text))
    write("/root/spark1.conf", "".join(quick))
    write("/root/link.batch", "link add spark2 type wireguard\naddress add 10.64.255.1/16 dev spark2\n"
                              "link set spark2 up mtu 1420\n")
    write("/root/add.batch", "".join(f"route add {s} via {GATEWAY} proto 99\n" for s in routes()))


def ours_round():
    config = "spark-netsetup --config /root"
    measure(f"{OURS}: all", f"{config}/network.conf apply")
    measure("spark-netsetup plan: nothing to change", f"{config}/network.conf plan")
    measure(f"{OURS}: nothing to change", f"{config}/network.conf apply")
    quiet("spark-netsetup down")
    for part in ("tunnel", "routes"):
        measure(f"{OURS}: the {part}", f"{config}/{part}.conf apply")
        quiet("spark-netsetup down")


def by_hand_round():
    """The least that does the same: ip and wg, without a look at what there is."""
    tunnel = ("ip -batch /root/link.batch", "wg setconf spark2 /root/wg.conf")
    undo = "ip link delete spark2 2>/dev/null; ip route flush proto 99"
    measure(f"{BY_HAND}: all", *tunnel, "ip -batch /root/add.batch")
    quiet(undo)
    measure(f"{BY_HAND}: the tunnel", *tunnel)
    quiet(undo)
    measure(f"{BY_HAND}: the routes", "ip -batch /root/add.batch")
    quiet(undo)


def show():
    print(f"{PEERS} peers, {ROUTES} routes; milliseconds: median and least of {ROUNDS} rounds; CPU: "
          "mean")
    for name, values in rows.items():
        times = [took for took, _ in values]
        print(f"{name:<42} {statistics.median(times):8.1f} {min(times):8.1f} "
              f"{statistics.mean(cpu for _, cpu in values):8.1f}")


def judge():
    """Whether the targets are met: no slower than the batch by the median, and the peers in
    TARGET_MS in the round that was least disturbed."""
    def median(name):
        return statistics.median(took for took, _ in rows[name])

    missed = 0
    for part in ("all", "the tunnel", "the routes"):
        ratio = median(f"{OURS}: {part}") / median(f"{BY_HAND}: {part}")
        missed += ratio > 1
        print(f"{part}: {ratio:.2f} of the time by hand{' (target: 1)' if ratio > 1 else ''}")
    least = min(took for took, _ in rows[f"{OURS}: the tunnel"])
    missed += least > TARGET_MS
    print(f"the tunnel: {least:.0f} ms at least (target: {TARGET_MS})")
    return 1 if missed else 0


def main():
    quiet(f"ip link add {CARD} type dummy; ip address add 10.1.0.1/24 dev {CARD};"
          f"ip link set {CARD} up; spark-netsetup genkey /root/key")
    ours()
    theirs()
    for i in range(ROUNDS):
        ours_round()
        by_hand_round()
        if i < QUICK_ROUNDS:
            measure("wg-quick up: the tunnel", "wg-quick up /root/spark1.conf")
            subprocess.run(["wg-quick", "down", "/root/spark1.conf"], check=True,
                           stderr=subprocess.DEVNULL)
    show()
    return judge()


sys.exit(main())
