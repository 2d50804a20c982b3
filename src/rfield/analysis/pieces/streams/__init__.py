"""Streams: what a model needs of the past and of what is to come, and running it on chunks."""
