"""
The notes' chat room, call by call as in Node: greet, ask for a nickname, relay lines.  For a chat that strangers may
use there is the service: twistd -n nodenet-chat.

    python examples/chat_server.py [PORT]        and then:  telnet 127.0.0.1 8000
"""

import sys

from nodenet import net, run

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000


def main():
    members = {}

    def broadcast(line):
        for member in members:
            member.write(line + "\r\n")

    def connected(client):
        client.setEncoding("utf8")
        client.write(f"你是第{server.connections}位在线的, 请输入你的昵称\r\n")
        partial = ""

        def received(data):
            nonlocal partial
            *lines, partial = (partial + data).replace("\r\n", "\n").split("\n")
            for line in lines:
                if client not in members:
                    members[client] = line
                    broadcast(f"{line} 来了")
                else:
                    broadcast(f"{members[client]}: {line}")

        def closed(hadError):
            if client in members:
                broadcast(f"{members.pop(client)} 走了")

        client.on("data", received)
        client.on("error", lambda error: print("Client lost:", error, flush=True))
        client.on("close", closed)

    server = net.createServer(connected)
    server.listen(PORT, "127.0.0.1", lambda: print("Chat room on port", server.address().port, flush=True))


run(main)
