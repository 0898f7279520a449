"""PPO from human feedback, with a synthetic labeler in place of the human (the lecture's last page).

1. The run starts from the supervised policy of demonstrations (`algorithms/demonstrations.py`).
2. That policy acts for `label_rollouts` rollouts, from which a labeler compares random windows by their true
   rewards. A reward model r̂ is fitted to all comparisons at once, and then stays
   (`algorithms/reward_model.py`).
3. For `value_rollouts` more it acts while V alone is fitted under r̂: a policy that starts good would fall
   first under a random V. Then PPO with clipping improves it on

       r̂(s, a) - β ( log π(a|s) - log π_supervised(a|s) )

The expectation of the second term is β KL(π ‖ π_supervised). It is counted in the rewards, so that V and the
advantages account for its future, as in Ziegler et al. 2019 (arXiv:1909.08593) and Ouyang et al. 2022.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from algorithms.comparisons import Comparisons, compare, no_comparisons
from algorithms.hyperparameters import Hyperparameters, PpoNumbers
from algorithms.networks import kl_divergence, layers_of
from algorithms.optimize import Context
from algorithms.reward_model import HELD_OUT, RewardModel, Rewards
from algorithms.rollout import ObservationStatistics, Rollout, filter_observations
from algorithms.rules import Experience, FeedbackRule, Improvement, Numbers, ppo

# Folded into the key of an update for the comparisons and the reward model. `improve` splits the key.
FEEDBACK = int.from_bytes(b"feed")
# As many episodes as a run's score is the mean of.
EPISODES = 100


@struct.dataclass
class LearnedReturns:
    """The sums of learned rewards over the last episodes; with a leading axis `run` where runs are batched.

    current: of the episode that goes on, `[]`.
    last: of the last episodes that ended, in a ring, `[episode]`.
    episodes: how many have ended, `[]`.
    """

    current: Float[Array, "*run"]
    last: Float[Array, "*run episode"]
    episodes: Int[Array, "*run"]

    @classmethod
    def none(cls) -> "LearnedReturns":
        """Before the first step."""
        return cls(jnp.zeros(()), jnp.zeros(EPISODES), jnp.zeros((), jnp.int32))

    @property
    def mean(self) -> Float[Array, ""]:
        """Of the last episodes; 0 before the first has ended."""
        return jnp.sum(self.last) / jnp.clip(self.episodes, 1, EPISODES)

    def after(self, rewards: Float[Array, "time"], ends: Bool[Array, "time"]) -> "LearnedReturns":
        """The sums after a rollout."""

        def step(sums: LearnedReturns, now: tuple[Array, Array]) -> tuple[LearnedReturns, None]:
            reward, end = now
            total = sums.current + reward
            index = jnp.where(end, sums.episodes % EPISODES, EPISODES)
            last = sums.last.at[index].set(total, mode="drop")
            return LearnedReturns(jnp.where(end, 0.0, total), last, sums.episodes + end), None

        sums, _ = jax.lax.scan(step, self, (rewards, ends))
        return sums


@struct.dataclass
class FeedbackState:
    """What the rule carries; with a leading axis `run` where runs are batched.

    adam: the moments of both networks.
    rollouts: how many the run has seen, `[]`.
    returns: of learned rewards.
    supervised: the parameters of the supervised policy.
    comparisons, model: None where the rule learns from the true reward. The model of the start is replaced at
        the first rollout by one whose weights the run's key draws.
    """

    adam: Any
    rollouts: Int[Array, "*run"]
    returns: LearnedReturns
    supervised: Any
    comparisons: Comparisons | None
    model: RewardModel | None


@dataclass(frozen=True)
class Rule(ppo.Rule, FeedbackRule):
    """PPO on a learned reward.

    Its numbers are PPO's and those of `FeedbackNumbers`. Its options:

    demonstrations: whether the run starts from the supervised policy.
    value_rollouts: the rollouts from which V alone learns.
    labels: how many comparisons a run has room for; 0 for a run that learns from the true reward.
    label_rollouts: how many of the first rollouts have windows compared, the same number in each. Neither
        network learns from these rollouts.
    window: steps of a compared window; at most half an episode.
    model_epochs: passes of a fit of the reward model over the comparisons.
    """

    demonstrations: bool
    value_rollouts: int
    labels: int = 0
    label_rollouts: int = 0
    window: int = 0
    model_epochs: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError where there are labels, and no reward model can be fitted to them."""
        if not self.labels:
            return
        for name in ("label_rollouts", "window", "model_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1 where there are labels")
        if self.labels_a_rollout < HELD_OUT:
            raise ValueError(
                f"labels={self.labels} gives each of {self.label_rollouts} label rollouts"
                f" {self.labels_a_rollout} comparisons: at least {HELD_OUT} are needed"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """PPO's, then `supervised_kl`, `learned_return` and `agreement`.

        KL(π ‖ π_supervised) in nats; the mean learned return of the last 100 episodes; the share of held-out
        comparisons in which the model agrees with the labeler.
        """
        learned = ("learned_return", "agreement") if self.labels else ()
        return (*super().columns, "supervised_kl", *learned)

    @property
    def imitates(self) -> bool:
        """Whether the run starts from the supervised policy."""
        return self.demonstrations

    def with_time_limit(self, time_limit: int) -> "Rule":
        """With windows of at most half an episode."""
        return replace(self, window=min(self.window, time_limit // 2))

    def initial(self, hyperparameters: Hyperparameters, parameters: dict[str, Any]) -> FeedbackState:
        """Nothing compared, nothing learned; the supervised policy is the one that the run starts with."""
        comparisons = model = None
        if self.labels:
            layers, log_std = layers_of(parameters["policy"])
            sizes = layers[0][0].shape[0], log_std.shape[0]
            comparisons = no_comparisons(self.labels, self.window, *sizes)
            model = Rewards.of(hyperparameters).initial(jax.random.key(0), *sizes)
        return FeedbackState(
            adam=super().initial(hyperparameters, parameters),
            rollouts=jnp.zeros((), jnp.int32),
            returns=LearnedReturns.none(),
            supervised=parameters["policy"],
            comparisons=comparisons,
            model=model,
        )

    def labels_due(self, context: Context, state: FeedbackState) -> Int[Array, ""]:
        """How many windows of this rollout are compared. state: with this rollout among its rollouts."""
        return jnp.where(state.rollouts <= self.label_rollouts, self.labels_a_rollout, 0)

    def model_is_due(self, due: Int[Array, ""], state: FeedbackState) -> Bool[Array, ""]:
        """Whether the model is fitted after this rollout. due: how many of its windows were compared."""
        return state.rollouts == self.label_rollouts

    @property
    def labels_a_rollout(self) -> int:
        """The most comparisons of one rollout's windows."""
        return self.labels // self.label_rollouts

    def replace_rewards(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: FeedbackState,
        numbers: Numbers,
        rollout: Rollout,
        statistics: ObservationStatistics,
        key: Key[Array, ""],
    ) -> tuple[FeedbackState, Float[Array, "time"]]:
        """`r̂ - β (log π - log π_supervised)`, after the labeler has compared what is due."""
        state = replace(rule_state, rollouts=rule_state.rollouts + 1)
        rewards = rollout.rewards
        if self.labels:
            state = self._learn_rewards(context, state, numbers, rollout, statistics, key)
            model = Rewards.of(context.hyperparameters)
            assert state.model is not None
            rewards = model.of_steps(state.model, statistics, rollout.observations[:-1], rollout.actions)
        # Counted after the label rollouts; an episode may have begun in one.
        counted = _choose(
            state.rollouts > self.label_rollouts, state.returns.after(rewards, rollout.ends), state.returns
        )
        state = replace(state, returns=counted)
        observations = filter_observations(
            context.hyperparameters.choices, statistics, rollout.observations[:-1]
        )
        acting, supervised = (
            context.networks.policy(policy, observations)
            for policy in (parameters["policy"], state.supervised)
        )
        log_ratio = ppo.log_ratio(supervised, acting, rollout.actions)
        return state, rewards - numbers["supervised_coefficient"] * log_ratio

    def _learn_rewards(
        self,
        context: Context,
        state: FeedbackState,
        numbers: Numbers,
        rollout: Rollout,
        statistics: ObservationStatistics,
        key: Key[Array, ""],
    ) -> FeedbackState:
        """Compare windows of a rollout, and fit the model where it is due. Nothing else uses true rewards."""
        start_key, compare_key, fit_key = jax.random.split(jax.random.fold_in(key, FEEDBACK), 3)
        assert state.comparisons is not None
        assert state.model is not None
        rewards, due = Rewards.of(context.hyperparameters), self.labels_due(context, state)
        comparisons = compare(
            state.comparisons, rollout, self.labels_a_rollout, due, numbers["mistake_chance"], compare_key
        )
        sizes = rollout.observations.shape[1], rollout.actions.shape[1]
        model = jax.lax.cond(
            state.rollouts == 1,
            lambda model: rewards.initial(start_key, *sizes),
            lambda model: model,
            state.model,
        )
        model = jax.lax.cond(
            self.model_is_due(due, state),
            lambda model: rewards.fit(model, statistics, comparisons, self.model_epochs, fit_key),
            lambda model: model,
            model,
        )
        return replace(state, comparisons=comparisons, model=model)

    def improve(
        self,
        context: Context,
        parameters: dict[str, Any],
        rule_state: FeedbackState,
        numbers: Numbers,
        experience: Experience,
        key: Key[Array, ""],
    ) -> Improvement:
        """PPO's improvement: of no network in a label rollout, of V alone in a value rollout."""
        ppo_numbers = {name: numbers[name] for name in PpoNumbers._fields}
        improved = super().improve(context, parameters, rule_state.adam, ppo_numbers, experience, key)
        new, adam = improved.parameters, improved.rule_state
        if self.label_rollouts + self.value_rollouts:
            learns_values = rule_state.rollouts > self.label_rollouts
            learns_policy = rule_state.rollouts > self.label_rollouts + self.value_rollouts
            new = {
                "policy": _choose(learns_policy, new["policy"], parameters["policy"]),
                "value": _choose(learns_values, new["value"], parameters["value"]),
            }
            # V and the policy share one Adam. While V learns alone, its moments start anew in each update.
            adam = _choose(learns_policy, adam, rule_state.adam)
        observations = experience.samples.observations
        supervised = context.networks.policy(rule_state.supervised, observations)
        kl = jnp.mean(kl_divergence(context.networks.policy(new["policy"], observations), supervised))
        found = self.diagnose(context, new, ppo_numbers, experience) | {"supervised_kl": kl}
        if rule_state.model is not None:
            found |= {"learned_return": rule_state.returns.mean, "agreement": rule_state.model.agreement}
        return Improvement(
            parameters=new,
            rule_state=replace(rule_state, adam=adam),
            losses=improved.losses,
            value_losses=improved.value_losses,
            diagnostics=found,
        )


def _choose(condition: Bool[Array, ""], new: Any, old: Any) -> Any:
    """One tree of arrays or the other."""
    return jax.tree.map(partial(jnp.where, condition), new, old)
