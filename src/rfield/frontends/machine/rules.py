"""Rule tables: which function reads which op of a framework.

A table is an instance: each front end owns one and users add to it. Nothing here knows a framework;
a rule is any function, and what it takes and returns is the front end's own agreement with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from ...errors import RFieldError

Shaped = bool | str
RuleFunction = TypeVar("RuleFunction", bound=Callable[..., Any])


class DuplicateRuleError(RFieldError, ValueError):
    """Two rules for one op; ``replace=True`` says that it is meant."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A function and the family (the module) in which it was written.

    ``shaped``: the op that the rule returns has the right shape, so the framework is not asked;
    ``"floats"``: only where all operands are floating-point numbers (else the type of the result is
    not that of the operands).
    ``complete``: operands that the answer does not name are not read, as no times one of them is
    nothing. Of other rules such operands are read whole (``unnamed``).
    """

    function: Callable[..., Any]
    family: str
    shaped: Shaped = False
    complete: bool = False


class RuleTable:
    """Rules by op name.

    >>> table = RuleTable("example")
    >>> @table.rule("flip", "reverse")
    ... def flip(arguments): ...
    >>> "reverse" in table, table.nearest("revers")
    (True, 'reverse')
    """

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self._rules: dict[str, Rule] = {}

    def rule(
        self,
        *names: str,
        shaped: Shaped = False,
        complete: bool = False,
        replace: bool = False,
    ) -> Callable[[RuleFunction], RuleFunction]:
        """Decorator: the function reads the ops of these names.

        Raises:
            DuplicateRuleError: a name has a rule already and ``replace`` is not given.
        """
        if not names or not all(isinstance(name, str) for name in names):
            raise TypeError("rule(...) takes the names of the ops as strings")

        def register(function: RuleFunction) -> RuleFunction:
            family = function.__module__.rpartition(".")[2]
            entry = Rule(function, family, shaped, complete)
            for name in names:
                if name in self._rules and not replace:
                    known = self._rules[name]
                    raise DuplicateRuleError(
                        f"{self.framework}: {name!r} has a rule already "
                        f"({known.family}.{known.function.__name__}). "
                        "To put another in its place, pass replace=True."
                    )
                self._rules[name] = entry
            return function

        return register

    def get(self, name: str) -> Rule | None:
        """The rule for an op name, or None."""
        return self._rules.get(name)

    def nearest(self, name: str) -> str | None:
        """The known op whose name looks most like ``name``, or None."""
        near = get_close_matches(name, self._rules, n=1, cutoff=0.6)
        return near[0] if near else None

    def __contains__(self, name: str) -> bool:
        return name in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def items(self) -> Iterator[tuple[str, Rule]]:
        """Names with their rules, sorted by family and name."""
        return iter(sorted(self._rules.items(), key=lambda item: (item[1].family, item[0])))
