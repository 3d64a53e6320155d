"""
A port that refuses, for as long as a test needs one.

The port of a server that was closed is nobody's: another test may be given it, or the very socket that connects, which
then is connected with itself.
"""

from __future__ import annotations

import socket


def refusing() -> socket.socket:
    """A socket that has a port, of IPv4 and of IPv6, and does not listen.  Close it when the port is not needed."""
    bound = socket.socket(socket.AF_INET6)
    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    bound.bind(("::", 0))
    return bound
