"""
Attacks and faults: what the chat promises when its peers, its disk, its clock or its network are against it, tried on
real processes.  Each promise has a number, a row of L{tests.faults.report}.

The ordinary suite runs small sizes.  The full ones are C{pytest -m soak tests/faults}; with C{NODENET_FAULTS=FILE}
every figure is noted in that file, of which C{python -m tests.faults.report FILE} makes C{docs/reliability.md}.
"""
