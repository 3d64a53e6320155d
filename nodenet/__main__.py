"""
C{python -m nodenet} is the C{nodenet} command.
"""

import sys

from nodenet.cli import main

sys.exit(main())
