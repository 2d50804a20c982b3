"""What a field is and why: sizes, strides, centers, alignment, paths, halo."""
