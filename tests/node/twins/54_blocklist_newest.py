"""
BlockList since Node 26: lists of addresses, CIDR, taking rules back, size, the private ranges.
"""

from nodenet import net
from tests.node.trace import attempt, log


def main():
    blocked = net.BlockList()

    def call(name, *args):
        attempt("main", name, getattr(blocked, name), *args)

    call("addAddresses", ["1.1.1.1", "1.1.1.2", net.SocketAddress(address="1.1.1.3")])
    call("addAddresses", ["::5"], "ipv6")
    log("main", "rules", blocked.rules, blocked.size)
    call("addAddresses", ["2.2.2.2", "x"])
    call("addAddresses", "1.1.1.1")
    call("addAddresses", ["1.1.1.1", 5])
    call("removeAddress", "1.1.1.2")
    call("removeAddress", "9.9.9.9")
    call("removeAddress", "x")
    call("removeAddress", 5)
    log("main", "rules", blocked.rules, blocked.size, blocked.check("1.1.1.2"))
    call("clear")
    log("main", "cleared", blocked.rules, blocked.size)
    call("addCIDR", "10.0.0.0/8")
    call("addCIDR", "fc00::/7")
    call("addCIDRs", ["172.16.0.0/12", "::1/128"])
    for text in [
        "1.1.1.1",
        "1.1.1.1/x",
        "1.1.1.1/",
        "1.1.1.1/33",
        "1.1.1.1/-1",
        "1.1.1.1/08",
        "x/3",
        "/8",
        "1.1.1.1/8/8",
        5,
    ]:
        call("addCIDR", text)
    call("addCIDRs", "10.0.0.0/8")
    call("addCIDRs", ["1.0.0.0/8", "x"])
    call("addCIDRs", ["1.0.0.0/8", 5])
    log("main", "rules", blocked.rules, blocked.size)
    call("removeCIDR", "10.0.0.0/8")
    call("removeCIDR", "172.16.0.1/12")
    call("removeCIDR", "x")
    call("removeSubnet", "fc00::", 7, "ipv6")
    call("removeSubnet", "fc00::", 129, "ipv6")
    log("main", "rules", blocked.rules, blocked.size)
    call("clear")
    call("addRange", "1.0.0.1", "1.0.0.9")
    call("removeRange", "1.0.0.1", "1.0.0.8")
    log("main", "other range", blocked.size)
    call("removeRange", "1.0.0.1", "1.0.0.9")
    log("main", "rules", blocked.rules, blocked.size)
    log("main", "private", list(net.BlockList.PRIVATE_RANGES))
    blocked.addCIDRs(net.BlockList.PRIVATE_RANGES)
    log("main", "private", blocked.check("192.168.1.1"), blocked.check("fe80::1", "ipv6"), blocked.check("8.8.8.8"))


if __name__ == "__main__":
    main()
