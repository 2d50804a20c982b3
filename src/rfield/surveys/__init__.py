"""Many models at once: what is measured of each, who measures, and where the rows are kept."""
