"""Tiles of an image: how large they are, which of their results are right, and running them."""
