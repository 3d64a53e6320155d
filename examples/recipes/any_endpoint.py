"""
One server, wherever a Twisted endpoint can listen: behind HAProxy, over TLS, on a socket that systemd has opened.

    python examples/recipes/any_endpoint.py ENDPOINT

    haproxy:tcp:8000:interface=127.0.0.1
    ssl:8443:privateKey=key.pem:certKey=cert.pem
    systemd:domain=INET:name=web
"""

import sys

from nodenet import net, run


def main():
    def connected(socket):
        def first(data):
            # Behind a proxy the client's address comes with the first bytes; in 'connection' it is still the proxy's.
            socket.end(f"Hello {socket.remoteAddress} {socket.remotePort}, you said {data!r}\r\n")

        socket.once("data", first)
        socket.on("error", lambda error: print("lost:", error, flush=True))

    def listening():
        print(f"listening on {server.address().address}:{server.address().port}", flush=True)

    server = net.createServer(connected)
    server.on("error", lambda error: print("cannot listen:", error, flush=True))
    server.listen(listening, endpoint=sys.argv[1])


run(main)
