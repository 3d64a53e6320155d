"""
The notes' test, call by call as in Node: a server that counts its clients, and a test client that checks its number.

    python examples/counter_test.py
"""

from nodenet import net, run

clients = 0
expectedAssertions = 2


def main():
    def connected(client):
        global clients
        clients += 1
        clientId = clients
        print("Client connected:", clientId)

        client.on("end", lambda: print("Client disconnected:", clientId))

        client.write(f"Welcome client: {clientId}")
        client.pipe(client)

    server = net.createServer(connected)

    def started():
        print("Server started")
        runTest(1, lambda: runTest(2, finished))

    def finished():
        print("Tests finished")
        assert expectedAssertions == 0
        server.close()

    def runTest(expectedId, done):
        client = net.connect(server.address().port, "127.0.0.1")

        def received(data):
            global expectedAssertions
            expected = f"Welcome client: {expectedId}"
            assert data == expected.encode(), data
            expectedAssertions -= 1
            client.end()

        client.on("data", received)
        client.on("end", done)

    server.listen(0, "127.0.0.1", started)


run(main)
