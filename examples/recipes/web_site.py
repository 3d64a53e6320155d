"""
twisted.web behind a nodenet Server.

    python examples/recipes/web_site.py [PORT]        and then:  curl http://127.0.0.1:8000/
"""

import sys

from twisted.web.resource import Resource
from twisted.web.server import Site

from nodenet import net, run

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8000


class Page(Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"Hello " + request.getClientAddress().host.encode() + b"\n"


def main():
    server = net.createServer(net.protocolListener(Site(Page())))
    server.listen(PORT, "127.0.0.1", lambda: print(f"listening on 127.0.0.1:{server.address().port}", flush=True))


run(main)
