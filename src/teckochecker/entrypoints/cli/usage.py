"""What is wrong with a command line, in a sentence of the same kind as all others."""

from __future__ import annotations

from typing import Final

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, RepeatArgumentError, UnusedCliTokensError

_NUMBERS: Final = {int: "a whole number", float: "a number"}


def sentence(error: CycloptsError) -> str:
    """The library's own words where they are plain, else ours."""
    match error:
        case MissingArgumentError(argument=argument) if argument and (error.keyword or argument.tokens):
            return f"{error.keyword or argument.name} needs a value"
        case MissingArgumentError(argument=argument) if argument:
            return f"{argument.name} is missing{_help(error)}"
        case UnusedCliTokensError(unused_tokens=[*surplus]):
            return f"'{' '.join(surplus)}' is more than this command takes{_help(error)}"
        case RepeatArgumentError(token=token) if token:
            return f"{token.keyword} may be given only once"
        case CoercionError(token=token, target_type=kind, msg=None) if token and kind in _NUMBERS:
            name = token.keyword or (error.argument.name if error.argument else "This")
            return f"{name} must be {_NUMBERS[kind]} (it is '{token.value}')"
    return str(error)


def _help(error: CycloptsError) -> str:
    return f"; see: teckochecker {' '.join(error.command_chain or ())} --help"
