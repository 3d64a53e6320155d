"""
The notes' server, call by call as in Node: it counts its clients, greets each with its number, sends back what it
gets, loses patience after three idle seconds, and lets the program end when the clients are gone.

    python examples/counter_server.py [PORT]        and then:  telnet 127.0.0.1 8000
"""

import sys

from nodenet import net, run

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000


def main():
    clients = 0

    def connected(client):
        nonlocal clients
        clients += 1
        clientId = clients
        print("Client connected:", clientId, flush=True)

        def timedOut():
            print("Client timed out:", clientId, flush=True)
            client.end()

        def closed(hadError):
            print("Client disconnected:", clientId, flush=True)

        client.setTimeout(3000, timedOut)
        client.on("close", closed)

        client.write(f"Welcome client: {clientId}\r\n")
        client.pipe(client)

        # From now on the clients keep the program going, not the server.
        server.unref()

    server = net.createServer(connected)
    server.listen(PORT, "127.0.0.1", lambda: print("Server started on port", server.address().port, flush=True))


run(main)
print("No clients left")
