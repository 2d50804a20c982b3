"""Answers about a graph that are kept as long as the graph is: with it goes the user's model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from .graph import Graph

Answer = TypeVar("Answer")


class Lasting(Generic[Answer]):
    """What ``function`` says of a graph, up to ``most`` answers of each.

    It is told of a copy of the graph: what an answer held could never be let go. An ``lru_cache``
    would keep the models of the last graphs until others come.
    """

    def __init__(self, function: Callable[..., Answer], most: int) -> None:
        self._function, self._most = function, most
        self._held: WeakKeyDictionary[Graph, dict[object, Answer]] = WeakKeyDictionary()

    def __call__(self, graph: Graph, *asked: object) -> Answer:
        """The answer, as it was given before."""
        answers = self._held.setdefault(graph, {})
        if asked not in answers:
            for old in [*answers][: len(answers) + 1 - self._most]:
                del answers[old]
            answers[asked] = self._function(replace(graph), *asked)
        return answers[asked]

    def cache_clear(self) -> None:
        """Let all go."""
        self._held.clear()


def lasting(most: int) -> Callable[[Callable[..., Answer]], Lasting[Answer]]:
    """Keep up to ``most`` answers of a function about each graph, as long as the graph is there.

    >>> from .graph import Draft
    >>> draft = Draft()
    >>> graph = draft.finish([draft.input("x", (3,), (0,))])
    >>> names = lasting(2)(lambda graph, more: [*graph.inputs, more])
    >>> names(graph, "y"), names(graph, "y") is names(graph, "y")
    (['x', 'y'], True)
    """
    return lambda function: Lasting(function, most)
