"""
C{listen()} on a taken port: C{'error'} later, no C{'close'}; the same server may listen elsewhere.
"""

import nodenet
from nodenet import net
from tests.node.trace import listen, log, watch


def main():
    first = watch("first", net.createServer())

    def listening(port):
        second = watch("second", net.createServer())

        @second.once("error")
        def failed(e):
            log("second", "after error", {"listening": second.listening, "address": second.address()})

            def elsewhere():
                log("second", "listening", second.listening)
                second.close()
                first.close()

            second.listen(0, "127.0.0.1", elsewhere)

        second.listen(port, "127.0.0.1", lambda: log("second", "stale listening cb runs at the next listening"))
        log("second", "after listen()", {"listening": second.listening})

    listen(first, listening)


if __name__ == "__main__":
    nodenet.run(main)
