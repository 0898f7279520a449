"""The experiment around Table 1 of the PPO paper: what to run, running it, and what came out.

The folders follow the data: `protocol` → `campaign` → `training` → `results` → `scores` → `report`.
"""
