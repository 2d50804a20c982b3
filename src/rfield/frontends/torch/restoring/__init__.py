"""The model comes back as it was: all that can be reached from it, noted and put back."""
