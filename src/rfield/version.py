"""The version of rfield, which answers, pages and stores carry."""

__version__ = "0.1.0"
