"""
A client over TLS: the server must have a certificate for its name that one of the PEM files in a directory trusts.

    python examples/recipes/tls_client.py localhost 8443 DIRECTORY
"""

import sys

from nodenet import net, run

host, port, trusted = sys.argv[1:]


def main():
    socket = net.connect(endpoint=f"tls:{host}:{port}:trustRoots={trusted}")
    socket.setEncoding("utf8")
    socket.write("over TLS\r\n")
    socket.on("data", lambda text: print(text, end="", flush=True))
    socket.on("error", lambda error: print("refused:", error, flush=True))


run(main)
