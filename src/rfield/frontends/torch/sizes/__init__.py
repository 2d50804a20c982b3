"""A live module at one size after another, without reading all of it again."""
