"""The questions: what is asked of a graph, and the engines that answer."""
