"""How fast this is, beside bare physics and other libraries."""
