"""Modules that run: their layers as arrays, their gradients, their ops as stages of a stream."""
