"""Trained policies to look at: an animation an environment, drawn without a screen or a graphics card."""
