"""Trained policies to look at: an animation of each environment, drawn without a screen or a graphics card."""
