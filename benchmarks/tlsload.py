"""
The load over TLS: C{python tlsload.py PORT SECONDS CONNECTIONS SIZE}, which sends a message on each connection, reads
all of them back, and again.  It tells what C{load.c} tells, in the same words.
"""

import json
import socket
import ssl
import sys
import time


def main():
    port, seconds, connections, size = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    peers = [context.wrap_socket(socket.create_connection(("127.0.0.1", port))) for _ in range(connections)]
    for peer in peers:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    message, times = b"x" * size, []
    turn(peers, message)  # TLS 1.3 sends its tickets with the first
    print("go", flush=True)
    start, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        times += turn(peers, message)
    took = time.perf_counter() - start
    times.sort()
    told = {"operations": len(times), "seconds": took, "failures": 0, "load": (time.process_time() - used) / took}
    for name, share in ("p50", 0.5), ("p99", 0.99):
        told[name] = times[int(len(times) * share)] * 1e6
    print(json.dumps(told))


def turn(peers, message):
    """A message there and back on each connection; how long each took."""
    sent = []
    for peer in peers:
        sent.append(time.perf_counter())
        peer.sendall(message)
    times = []
    for peer, began in zip(peers, sent, strict=True):
        owed = len(message)
        while owed:
            got = len(peer.recv(owed))
            if not got:
                raise SystemExit("the server ended a connection")
            owed -= got
        times.append(time.perf_counter() - began)
    return times


main()
