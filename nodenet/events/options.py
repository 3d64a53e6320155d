"""
Options, as a mapping, as Node's programs have them, or as keyword arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from nodenet.errors import NodeTypeError, invalidArgType


def readOptions(options: Any, named: Mapping[str, Any], known: type) -> dict[str, Any]:
    """
    Make one of the two forms.

    @param options: the mapping, or C{None}.
    @param named: the keyword arguments; they win.
    @param known: a C{TypedDict}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_TYPE}, C{options} is no mapping; C{ERR_INVALID_ARG_VALUE}, an option is not
        known.
    """
    if options is None:
        given = dict(named)
    elif isinstance(options, Mapping):
        given = {**options, **named}
    else:
        raise invalidArgType("options", "of type object", options)
    if given:
        refuseUnknown(given, known)
    return given


def refuseUnknown(options: Mapping[str, Any], known: type) -> None:
    """
    @param known: a C{TypedDict}.
    @raise NodeTypeError: C{ERR_INVALID_ARG_VALUE}, an option is not one of its names.
    """
    names = known.__annotations__
    for name in options:
        if name not in names:
            near = get_close_matches(str(name), names, 1, 0.5)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(sorted(names))}"
            raise NodeTypeError(f"The option '{name}' is not known{hint}", "ERR_INVALID_ARG_VALUE")
