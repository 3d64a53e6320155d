"""
Three services built with L{nodenet.net}: echo, counter and chat.  C{twistd}, C{twist} and C{nodenet} run them.
"""
