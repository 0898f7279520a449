"""The mathematics of the suite, in JAX. It knows no environment, no file and nothing of `bench`.

An update of PPO, from top to bottom, is in five files:

    update.py      `initial_state`, `action_noise`, `act`, `update`: from a rollout to the new state of a run
    rules/ppo.py   `surrogate_objective` and how both networks are improved by it
    optimize.py    `minimize`, `fit_values`, `mean_over_minibatches`: epochs of gradient steps
    rollout.py     `Rollout`, the observation filter, `generalized_advantages`
    networks.py    `Networks`, `DiagonalGaussian`, `log_probability`, `kl_divergence`, initial weights

Beside them:

    hyperparameters.py   `Hyperparameters`, `Choices` and the numbers of each rule, as typed values
    alternatives.py      what a protocol may choose instead of the default
    rules/               the other update rules, one a file
    demonstrations.py, comparisons.py, reward_model.py   the parts of PPO from human feedback
    objectives/          surrogate objectives that came after PPO's, one a file
"""
