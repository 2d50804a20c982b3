"""A model run on parts of its input: tiles of an image, windows of a stream."""
