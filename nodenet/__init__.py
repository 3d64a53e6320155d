"""
Node.js's C{net} for Twisted: servers, sockets, streams and events, with Node's names, defaults and order.
"""

__version__ = "0.1.0"
