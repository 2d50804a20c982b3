"""Exact pixels and how much they count; the claim against the running model."""
