"""Returns that others published, to stand beside ours.

They are of Gym's `v1` to `v3` environments, at one million timesteps unless the source says otherwise. What
counts as a run's return differs from source to source. The scores of Table 1 stand with its settings.
"""

FIGURE_3: dict[str, float] = {
    "HalfCheetah": 1800.0,
    "Hopper": 2330.0,
    "InvertedDoublePendulum": 8000.0,
    "InvertedPendulum": 1000.0,
    "Reacher": -7.0,
    "Swimmer": 108.0,
    "Walker2d": 3460.0,
}
"""By environment, the return of "PPO (Clip)", which is ε = 0.2, where its curve in the PPO paper's Figure 3
ends: at one million timesteps of the `v1` environments. Read off the figure, with an error of a percent or
two of its height."""


LOW_WITHOUT_CONSTRAINT = "HalfCheetah"
"""Because of this environment, the paper says, the setting without clipping or penalty has a negative score:
there it ends worse than the initial random policy (section 6.1)."""


# The order of the returns below. Those that come last were not published by everybody.
ENVIRONMENTS = (
    *("HalfCheetah", "Hopper", "Walker2d", "Swimmer", "Reacher"),
    *("InvertedPendulum", "InvertedDoublePendulum"),
)
# Mean returns in these environments, by who published them, and what is unlike our runs.
TRPO: dict[str, tuple[float, ...]] = {
    "TRPO: OpenAI baselines (`trpo_mpi`), 6 seeds": (1290, 1913, 2343, 95, -4.8, 905, 6732),
    "TRPO: PPO paper, Figure 3, read off": (0, 2100, 1100, 121, -115, 1000, 200),
    "TRPO: Spinning Up, read off": (850, 1200, 600, 85),
    "TRPO: PFRL, 2 million timesteps, 20 seeds": (1561, 3038, 3260, 197),
    "TRPO: Henderson et al. 2018, 2 million timesteps": (205, 2828),
}
POLICY_GRADIENT: dict[str, tuple[float, ...]] = {
    "VPG: Spinning Up, 3 million timesteps, read off": (600, 800, 460, 51),
    "REINFORCE: Tianshou, 3 million timesteps, best in training": (884, 396, 412, 35, -10.5, 999, 1060),
    "A2C: PPO paper, Figure 3, read off": (1000, 900, 850, 31, -24, 1000, 7100),
}
