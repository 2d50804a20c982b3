"""Which input sizes suit a model, and how far its input may move."""
