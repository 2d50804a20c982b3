"""The atlas: a survey as a site that stands alone."""
