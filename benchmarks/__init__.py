"""
How fast, against whom: C{python -m benchmarks --help}.
"""
