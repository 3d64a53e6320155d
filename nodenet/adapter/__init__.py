"""
The one room with a window to Twisted's reactor: turns, handles, listening, dialling, and the
books of what is still alive.
"""
