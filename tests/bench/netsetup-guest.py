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
CARD, GATEWAY = "bench0", "10.1.0.2"


def run(*command):
    """The milliseconds that a command takes; its failure is ours."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return (time.perf_counter() - start) * 1000


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
    text = ["[wireguard spark0]\nprivate-key-file = /root/key\nlisten-port = 51820\n"
            "address = 10.64.255.1/16\n"]
    for i, key, endpoint, allowed in peers():
        text.append(f"[peer p{i}]\npublic-key = {key}\nendpoint = {endpoint}\n"
                    f"allowed-ips = {allowed}\npersistent-keepalive = 25\n")
    for subnet in routes():
        text.append(f"[route {subnet}]\nvia = {GATEWAY}\n")
    write("/root/network.conf", "".join(text))


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


def netsetup(verb):
    return run("spark-netsetup", "--config", "/root/network.conf", verb)


def by_hand():
    """The least that does the same: ip and wg, without a look at what there is."""
    link = run("ip", "-batch", "/root/link.batch")
    return link + run("wg", "setconf", "spark2", "/root/wg.conf"), run("ip", "-batch", "/root/add.batch")


def measure():
    """A round of each, in turn, so that all see the same machine."""
    rows = {}

    def add(name, milliseconds):
        rows.setdefault(name, []).append(milliseconds)

    for _ in range(ROUNDS):
        add("spark-netsetup apply: all of it", netsetup("apply"))
        add("spark-netsetup plan: nothing to change", netsetup("plan"))
        add("spark-netsetup apply: nothing to change", netsetup("apply"))
        subprocess.run(["spark-netsetup", "down"], check=True, stdout=subprocess.DEVNULL)
        link, batch = by_hand()
        add("ip -batch, wg setconf: the tunnel", link)
        add("ip -batch: the routes", batch)
        subprocess.run("ip link delete spark2; ip route flush proto 99", shell=True, check=True)
        add("wg-quick up: the tunnel", run("wg-quick", "up", "/root/spark1.conf"))
        run("wg-quick", "down", "/root/spark1.conf")
        # the parts, so that like is compared with like
        write("/root/routes.conf", "".join(f"[route {s}]\nvia = {GATEWAY}\n" for s in routes()))
        add("spark-netsetup apply: the routes",
            run("spark-netsetup", "--config", "/root/routes.conf", "apply"))
        subprocess.run(["spark-netsetup", "down"], check=True, stdout=subprocess.DEVNULL)
        text = open("/root/network.conf", encoding="utf-8").read()
        write("/root/tunnel.conf", text.split("[route", 1)[0])
        add("spark-netsetup apply: the tunnel",
            run("spark-netsetup", "--config", "/root/tunnel.conf", "apply"))
        subprocess.run(["spark-netsetup", "down"], check=True, stdout=subprocess.DEVNULL)
    return rows


def main():
    subprocess.run(f"ip link add {CARD} type dummy; ip address add 10.1.0.1/24 dev {CARD};"
                   f"ip link set {CARD} up; spark-netsetup genkey /root/key", shell=True, check=True,
                   stdout=subprocess.DEVNULL)
    ours()
    theirs()
    rows = measure()
    print(f"{PEERS} peers, {ROUTES} routes, median and least of {ROUNDS} rounds, milliseconds")
    for name, values in rows.items():
        print(f"{name:<42} {statistics.median(values):8.1f} {min(values):8.1f}")


main()
