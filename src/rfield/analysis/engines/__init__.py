"""The engines: how relations are carried through a graph, forwards and backwards."""
