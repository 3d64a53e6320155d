"""
The suite.  Some of its programs are interrupted by SIGINT, which a shell makes everything ignore that it runs in the
background; programs that are started from here heed it all the same.
"""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
