"""
SocketAddress: what it is made of, what it shows, and every misuse.
"""

from nodenet import net
from tests.node.trace import attempt, log


def show(address):
    return [address.address, address.port, address.family, address.flowlabel]


def main():
    def make(options):
        attempt("main", "SocketAddress", lambda: show(net.SocketAddress(options)))

    for options in [
        {},
        {"family": "ipv6"},
        {"family": "IPv6", "address": "2001:DB8:0::1"},
        {"address": "1.2.3.4", "port": 80},
        {"family": "IPV4", "address": "1.2.3.4"},
        {"family": "ipv6", "address": "fe80::1%lo", "flowlabel": 5, "port": 65535},
        {"address": "1.2.3.4", "flowlabel": 5},
        {"family": "ipv6", "address": "::1.2.3.4"},
        {"family": "ipv6", "address": "::ffff:102:304"},
        {"family": "ipv6", "flowlabel": 1048575},
    ]:
        make(options)
    for options in [
        None,
        5,
        "x",
        {"family": "inet"},
        {"family": 5},
        {"address": 5},
        {"address": "x"},
        {"address": "::1"},
        {"family": "ipv6", "address": "1.2.3.4"},
        {"address": "01.2.3.4"},
        {"port": -1},
        {"port": 65536},
        {"port": 1.5},
        {"port": "x"},
        {"flowlabel": -1},
        {"flowlabel": 4294967296},
        {"flowlabel": 1.5},
        {"flowlabel": "5"},
    ]:
        make(options)
    one = net.SocketAddress(address="1.2.3.4", port=80)
    log("main", "toJSON", one.toJSON())
    known = net.SocketAddress.isSocketAddress
    log("main", "isSocketAddress", known(one), known({}), known(None))


if __name__ == "__main__":
    main()
