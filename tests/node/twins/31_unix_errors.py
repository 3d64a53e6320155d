"""
What goes wrong with Unix sockets: no file, no socket, a stale one, a live one, no directory; and modes.
"""

import os
import subprocess
import sys

import nodenet
from nodenet import net
from tests.node.trace import log, promise, tmp, watch

LEAVE_A_SOCKET = """
import os, signal, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.kill(os.getpid(), signal.SIGKILL)
"""


def tryConnect(name, p):
    def start(resolve):
        c = watch(name, net.connect({"path": p}), states=False)
        c.on("error", lambda e: None)
        c.on("close", resolve)

    return promise(start)


def tryListen(name, p, **opts):
    def start(resolve):
        s = watch(name, net.createServer())

        @s.on("error")
        def failed(e):
            log(name, "address after error", s.address(), s.listening)
            resolve(s)

        s.on("listening", lambda: resolve(s))
        s.listen({"path": p, **opts})

    return promise(start)


async def main():
    directory = tmp()

    def path(*names):
        return os.path.join(directory, *names)

    await tryConnect("noent", path("none.sock"))
    with open(path("file"), "w"):
        pass
    await tryConnect("plainfile", path("file"))
    await tryListen("onplainfile", path("file"))
    live = await tryListen("live", path("live.sock"))
    await tryListen("taken", path("live.sock"))
    live.close()
    stale = path("stale.sock")
    subprocess.run([sys.executable, "-c", LEAVE_A_SOCKET, stale], check=False)
    log("main", "stale file is there", os.path.exists(stale))
    await tryConnect("stale", stale)
    await tryListen("stale-listen", stale)
    await tryListen("nodir", path("no", "such", "x.sock"))
    await tryConnect("nodir-connect", path("no", "such", "x.sock"))
    os.umask(0o077)
    for name, opts in [
        ("plain", {}),
        ("readable", {"readableAll": True}),
        ("writable", {"writableAll": True}),
        ("both", {"readableAll": True, "writableAll": True}),
    ]:
        s = await tryListen(name, path(name + ".sock"), **opts)
        log(name, "mode", f"{os.stat(path(name + '.sock')).st_mode & 0o777:o}")
        s.close()


if __name__ == "__main__":
    nodenet.run(main)
