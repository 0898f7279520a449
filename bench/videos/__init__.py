"""Trained policies to look at: an animation for each environment, drawn without a screen or a graphics card.

This is a tool, which nothing in the experiment imports.
"""
