"""
SocketAddress.parse reads what a URL's parser would.
"""

from nodenet import net
from tests.node.trace import attempt, log


def main():
    for text in [
        "1.2.3.4",
        "1.2.3.4:81",
        "[::1]:1234",
        "[1::1]",
        "1.2.3",
        "127.1:90",
        "0x7f.1",
        "010.0.0.1",
        "4294967295",
        "1.2.3.4:00081",
        "[::ffff:1.2.3.4]:5",
        "1.2.3.4.",
        "1.2.3.4/path",
        "::1",
        "localhost:81",
        "256.1.1.1",
        "1.2.3.4:70000",
        "1.2.3.4:x",
        "",
        "[::1",
        "[::1]x",
        "09.1.1.1",
        "1.2.3.4:5:6",
        "[fe80::1%25lo]",
        " 1.2.3.4",
        "1..2",
        "4294967296",
    ]:
        found = net.SocketAddress.parse(text)
        log("main", "parse", len(text), found and [found.address, found.port, found.family])
    attempt("main", "no text", net.SocketAddress.parse, 5)


if __name__ == "__main__":
    main()
