"""Networks written down by hand: the one front end that needs no framework."""

from .builder import GraphBuilder, Value

__all__ = ["GraphBuilder", "Value"]
