"""
BlockList to JSON and back, and isBlockList.
"""

import json

from nodenet import net
from tests.node.trace import attempt, log


def main():
    blocked = net.BlockList()
    blocked.addAddress("1.1.1.1")
    blocked.addRange("10.0.0.1", "10.0.0.10")
    blocked.addSubnet("2001:db8::", 64, "ipv6")
    log("main", "toJSON", blocked.toJSON())
    again = net.BlockList()
    attempt("main", "fromJSON", again.fromJSON, blocked.toJSON())
    log("main", "rules", again.rules)
    text = net.BlockList()
    attempt("main", "fromJSON", text.fromJSON, json.dumps(blocked.toJSON()))
    log("main", "rules", text.rules)
    odd = ["nothing", "Address: IPv4 ::1", "Address: IPv6 2001:DB8::7", " Address: IPv4 4.4.4.4 "]
    attempt("main", "fromJSON", text.fromJSON, odd)
    log("main", "rules", text.rules)
    for data in [5, {}, None, [5], '{"a": 1}', "null"]:
        attempt("main", "fromJSON", text.fromJSON, data)
    attempt("main", "fromJSON", text.fromJSON, ["Subnet: IPv4 1.1.1.1/99"])
    attempt("main", "fromJSON", text.fromJSON, ["Address: IPv4 999.1.1.1"])
    log("main", "isBlockList", *(net.BlockList.isBlockList(each) for each in (blocked, {}, None)))


if __name__ == "__main__":
    main()
