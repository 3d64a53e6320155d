"""
isIP, isIPv4, isIPv6: what is an address and what is none.
"""

from nodenet import net
from tests.node.trace import log

TEXTS = [
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "127.000.000.001",
    "01.2.3.4",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "0x7f.0.0.1",
    "2130706433",
    " 127.0.0.1",
    "127.0.0.1\n",
    "127.0.0.1/24",
    "1.2.3.4:80",
    "127.0.0.1%eth0",
    "",
    "::",
    "::1",
    "1::",
    "FE80::ABCD",
    "1:2:3:4:5:6:7:8",
    "::1:2:3:4:5:6:7",
    "1::2:3:4:5:6:7",
    "1:2:3:4:5:6:7::",
    "1:2:3:4:5:6:7",
    "12345::",
    "00001::",
    "::g",
    "::ffff:127.0.0.1",
    "64:ff9b::1.2.3.4",
    "1:2:3:4:5:6:1.2.3.4",
    "::ffff:127.0.0.01",
    "::1.2.3",
    "fe80::1%eth0",
    "fe80::1%",
    "fe80::1%a b",
    "[::1]",
    "::1/128",
    None,
    127,
    {},
    [],
    True,
]


def main():
    for text in TEXTS:
        log("main", "isIP", net.isIP(text), net.isIPv4(text), net.isIPv6(text))
    log("main", "nothing", net.isIP(None), net.isIPv4(None), net.isIPv6(None))


if __name__ == "__main__":
    main()
