"""What the paper leaves open, for people: what each value of a choice means, and where it comes from.

The typed values are `algorithms.hyperparameters.Choices`. Choices without an alternative are described here
only.

How to add a choice of your own:

1. Add its value to the `Literal` of a field of `Choices`. Or add a field whose default is what the code does
   now.
2. Add its source and its sentence here.
3. Add a branch where the code needs it; what no default run uses goes into `algorithms/alternatives.py`.
4. `train --set NAME=VALUE` trains it. As a variant of the suite it is named in `bench/protocol/variants.py`,
   and in the table of `bench/README.md`.

Nothing else changes. A choice is no part of the default's fingerprint, so finished results stay valid.
"""

from typing import Any

from algorithms.hyperparameters import Choices

# By choice and value, the default first: its source and its sentence. A choice without an alternative is no
# field of `Choices`.
MEANINGS: dict[str, dict[str, tuple[str, str]]] = {
    "observation_filter": {
        "running": (
            "ppo1",
            "Observations are clip((o - mean) / sqrt(max(variance, 0.01)), -5, 5). The statistics start"
            " at mean 0, std 1 and weight 0.01, run over the whole run, and take in each rollout after its"
            " advantages are computed and before its epochs.",
        ),
        "none": ("ours", "The networks see the observations as the environment gives them."),
    },
    "old_policy": {
        "recomputed": (
            "ppo1",
            "The old policy is computed anew under the updated filter, so the first ratio is 1."
            " Advantages keep the values computed under the filter that acted.",
        ),
    },
    "advantages": {
        "standardized": (
            "ppo1",
            "Advantages are standardized over the rollout. The policy gradient uses its estimates as they"
            " are.",
        ),
        "raw": ("ours", "Advantages are used as they are."),
        "minibatch": (
            "baselines' ppo2, CleanRL, Stable-Baselines3",
            "Advantages are standardized over each minibatch. The policy's steps of line search and TRPO"
            " take the whole rollout, and have them standardized over it. The policy gradient uses its"
            " estimates as they are.",
        ),
    },
    "value_loss": {
        "unclipped": (
            "ppo1 from 2017-08-27",
            "The values minimize mean((V - target)^2), with target = advantage + V of the rollout. The"
            " release of July 2017 clipped the change of V, which broke MuJoCo results.",
        ),
        "clipped": (
            "ppo1 of 2017-07-20; the 0.2 is its default clip range",
            "The values minimize 0.5 mean(max((V - target)^2, (V' - target)^2)), with V' = V_old + clip(V"
            " - V_old, -c, c) and V_old of the networks before the update, under the filter of the update."
            " c is the setting's clip range, and 0.2 for a setting without one, also where V is fitted by"
            " itself.",
        ),
    },
    "optimizer": {
        "adam": (
            "ppo1",
            "One Adam (0.9, 0.999) over both networks, in optax's form, which adds Adam's epsilon after"
            " the bias correction.",
        ),
    },
    "gradient_clipping": {
        "none": ("ppo1", "Adam gets the gradient as it is."),
        "global_norm": (
            "CleanRL, Stable-Baselines3",
            "Where the norm of the gradient exceeds 0.5, the gradient is rescaled to this norm. The norm"
            " is over all parameters of one Adam: of both networks, or of each where V is fitted by"
            " itself. The policy's steps of line search and TRPO have no Adam and are not clipped.",
        ),
    },
    "stepsize_schedule": {
        "constant": ("the paper states an annealed stepsize for Atari only", "The stepsize is constant."),
        "linear": (
            "CleanRL",
            "Update k of n uses 1 - (k - 1)/n of Adam's stepsize. The policy's steps of line search and"
            " TRPO have no such stepsize; there only the fit of V is annealed.",
        ),
        "linear_with_clip_range": (
            "ppo1 from 2017-08-27 to 2019, which counts the steps of ended episodes instead of updates",
            "Update k of n uses 1 - (k - 1)/n of Adam's stepsize and of the clip range, if there is one."
            " The policy's steps of line search and TRPO have neither; there only the fit of V is"
            " annealed.",
        ),
    },
    "early_stopping": {
        "none": ("ppo1", "All epochs of an update are made."),
        "kl": (
            "the number is Spinning Up's, which looks before each gradient step and lets V go on; after"
            " whole epochs and for both networks as CleanRL",
            "After each epoch the mean KL(old policy, new policy) over the rollout is computed. If it"
            " exceeds 1.5 x 0.01, the update's other epochs are left out, of both networks. Where V is"
            " fitted by itself, its epochs are all made. The policy gradient, line search and TRPO make"
            " one step of the policy and have no epochs to stop.",
        ),
    },
    "initial_weights": {
        "normalized": (
            "ppo1",
            "Weights are Gaussian, each output's with norm 1 (policy mean 0.01). Biases and log std are 0.",
        ),
        "orthogonal": (
            "CleanRL, Stable-Baselines3",
            "Weights are random orthogonal matrices times sqrt(2) (policy mean 0.01, values 1). Biases"
            " and log std are 0.",
        ),
    },
    "minibatches": {"reshuffled": ("ppo1", "Each epoch reshuffles the rollout into full minibatches.")},
    "time_limit": {
        "end": ("ppo1", "A time limit ends the episode like any other end, without bootstrapping."),
        "bootstrap": (
            "Pardo et al. 2018",
            "After a time limit the return goes on with V of the observation that the last step led to,"
            " under the filter that acted.",
        ),
    },
    "actions": {
        "unclipped": (
            "ppo1",
            "Actions reach the environment unclipped and unsquashed. HalfCheetah's control cost acts on"
            " the raw action; the paper's row without clipping or penalty depends on it.",
        ),
        "clipped": (
            "Stable-Baselines3",
            "Actions are clipped to the action space on their way to the environment, and the learner"
            " keeps the unclipped ones. The forces of the seven environments are bounded in any case: only"
            " control costs change.",
        ),
    },
    "rewards": {
        "unscaled": ("ppo1", "Rewards are those that the environment gives."),
        "scaled": (
            "baselines' VecNormalize",
            "Rewards are divided by the running standard deviation of the run's discounted returns, and"
            " clipped to [-10, 10]. What is logged are the environment's.",
        ),
    },
    "kl_coefficient": {
        "per_update": (
            "section 4; the bounds are ours, because an unbounded coefficient can underflow to 0 for ever",
            "An adaptive coefficient starts at 1 and is halved or doubled once an update, within [2^-40,"
            " 2^40].",
        ),
    },
    "score": {
        "last_100_episodes": (
            "section 6.1",
            "A run's score is the mean return of its last 100 training episodes. A run that diverges"
            " keeps the mean at that point.",
        ),
    },
}


def describe_choices(choices: Choices) -> dict[str, dict[str, Any]]:
    """Every choice for people: its value, what is possible, and the value's source and sentence."""
    found = {}
    for name, meanings in MEANINGS.items():
        possible = list(meanings)
        value = getattr(choices, name, possible[0])
        source, sentence = meanings[value]
        found[name] = {"value": value, "possible": possible, "source": source, "sentence": sentence}
    return found


def read_choices(described: dict[str, dict[str, Any]]) -> Choices:
    """The choices that `describe_choices` described; the default for those that are missing.

    Raises:
        ValueError: naming what is unknown or impossible.
    """
    for name, choice in described.items():
        if name not in MEANINGS:
            raise ValueError(f"unknown choice: {name}")
        if choice.get("value") not in MEANINGS[name]:
            raise ValueError(f"choice {name} must have a value of {', '.join(MEANINGS[name])}")
    typed = {name: choice["value"] for name, choice in described.items() if len(MEANINGS[name]) > 1}
    return Choices(**typed)
