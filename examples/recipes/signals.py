"""
Ends well when it is told to: Node's process.on("SIGTERM", ...).

    python examples/recipes/signals.py [PORT]        and then:  Ctrl-C, or kill it
"""

import signal
import sys

from nodenet import net, run

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000


def main():
    from twisted.internet import reactor

    def stop(number, frame):
        # Python calls this between any two steps of the program; callFromThread makes it an event like any other.
        reactor.callFromThread(server.closeGracefully, 3000)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    server = net.createServer(lambda socket: socket.pipe(socket))
    server.listen(PORT, "127.0.0.1", lambda: print(f"listening on 127.0.0.1:{server.address().port}", flush=True))


run(main)
print("nothing left to do")
