"""The explorer: one page that shows what every unit of every layer reads."""
