"""How fast this is, beside bare physics and other libraries.

This is a tool, which nothing in the experiment imports.
"""
