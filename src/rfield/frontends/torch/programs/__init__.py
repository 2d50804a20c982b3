"""Exported programs, live and from ``.pt2`` files, through the same rules."""
