"""Front ends: one folder for each source of models; no framework type leaves its folder."""
