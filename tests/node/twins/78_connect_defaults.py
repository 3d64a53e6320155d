"""
The defaults of autoSelectFamily and of its attempt timeout: get, set, misuse, and what they do.
"""

import math

import nodenet
from nodenet import net
from tests.node.trace import attempt, log


def main():
    log("family", "default", net.getDefaultAutoSelectFamily())
    log("family", "set", net.setDefaultAutoSelectFamily(False), net.getDefaultAutoSelectFamily())
    for value, name in ((1, "1"), ("true", "true"), (None, "null"), ({}, "[object Object]")):
        attempt("family", "set " + name, net.setDefaultAutoSelectFamily, value)
    log("family", "as before", net.getDefaultAutoSelectFamily())
    asked = []

    def lookup(host, options, callback):
        asked.append(options.get("all") is True)

    net.connect(port=1, host="x.test", lookup=lookup).destroy()
    net.connect(port=1, host="x.test", lookup=lookup, autoSelectFamily=True).destroy()
    net.setDefaultAutoSelectFamily(True)
    net.connect(port=1, host="x.test", lookup=lookup).destroy()
    net.connect(port=1, host="x.test", lookup=lookup, autoSelectFamily=False).destroy()
    net.connect(port=1, host="x.test", lookup=lookup, autoSelectFamily=None).destroy()
    log("family", "all asked for", asked)
    for ms in (123, 10, 9, 1, 2**31 - 1):
        returned = net.setDefaultAutoSelectFamilyAttemptTimeout(ms)
        log("timeout", "set", ms, returned, net.getDefaultAutoSelectFamilyAttemptTimeout())
    for ms in (0, -1, 1.5, math.nan, 2**31, "10", None, True):
        attempt("timeout", "refused", net.setDefaultAutoSelectFamilyAttemptTimeout, ms)
    log("timeout", "as before", net.getDefaultAutoSelectFamilyAttemptTimeout())


if __name__ == "__main__":
    nodenet.run(main)
