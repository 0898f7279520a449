"""The objectives that came after the paper's, against values and slopes worked by hand."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from algorithms.networks import DiagonalGaussian
from algorithms.objectives import find_objective, objective_names
from algorithms.rules.own_objective import INPUTS, MAX_LOG_RATIO, Objective, argument_names, give_inputs
from bench.protocol.settings import SETTINGS, SUCCESSOR_SETTINGS

TANH_HALF = math.tanh(0.5)
# All calls have as many rows, so that each objective is compiled once.
ROWS = 40


def at(name: str, cases: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Values and slopes by the ratio of a setting's objective, with its KL taken as a number.

    cases: ratio, advantage and KL of each sample.
    """
    function, numbers = objective_of(name)
    ratio, advantage, kl = jnp.array([*cases, *[(1.0, 1.0, 0.0)] * (ROWS - len(cases))]).T

    def total(ratio: Any) -> tuple[Any, Any]:
        given = {"ratio": ratio, "log_ratio": jnp.log(ratio), "advantage": advantage, "kl": kl}
        values = function(**{key: (given | {"numbers": numbers})[key] for key in argument_names(function)})
        return values.sum(), values

    slopes, values = jax.jit(jax.grad(total, has_aux=True))(ratio)
    return values.tolist()[: len(cases)], slopes.tolist()[: len(cases)]


def objective_of(name: str) -> tuple[Objective, dict[str, Any]]:
    """A setting's objective and its numbers."""
    setting = SETTINGS[name]
    return find_objective(setting.options["name"]), dict(setting.numbers)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# Columns: setting, ratio, A, value, slope by the ratio. With A = ±2, at 1 every slope is A.
CASES = [
    *((name, 1.0, 2.0, None, 2.0) for name in ("clip-higher", "spo-0.2", "sapo", "cispo", "discovered")),
    *((name, 1.0, -2.0, None, -2.0) for name in ("clip-higher", "spo-0.2", "sapo", "cispo", "discovered")),
    # Within the range [0.8, 1.28]; a gain beyond it has no slope, and a loss keeps its own.
    ("clip-higher", 1.25, 2.0, 2.5, 2.0),
    ("clip-higher", 1.25, -2.0, -2.5, -2.0),
    ("clip-higher", 1.5, 2.0, 2.56, 0.0),
    ("clip-higher", 1.5, -2.0, -3.0, -2.0),
    ("clip-higher", 0.5, 2.0, 1.0, 2.0),
    ("clip-higher", 0.5, -2.0, -1.6, 0.0),
    # ρA - |A| (ρ - 1)² / 0.4, of slope A - |A| (ρ - 1) / 0.2: 0 at the ends of [0.8, 1.2], backwards beyond.
    ("spo-0.2", 1.1, 2.0, 2.15, 1.0),
    ("spo-0.2", 1.1, -2.0, -2.25, -3.0),
    ("spo-0.2", 1.2, 2.0, 2.2, 0.0),
    ("spo-0.2", 0.8, -2.0, -1.8, 0.0),
    ("spo-0.2", 1.5, 2.0, 1.75, -3.0),
    ("spo-0.2", 1.5, -2.0, -4.25, -7.0),
    ("spo-0.2", 0.5, -2.0, -2.25, 3.0),
    # 4 σ (1 - σ) A, with τ = 1 or 1.05.
    ("sapo", 1.5, 2.0, 8 * sigmoid(0.5), 8 * sigmoid(0.5) * sigmoid(-0.5)),
    ("sapo", 3.0, -2.0, -8 / 1.05 * sigmoid(2.1), -8 * sigmoid(2.1) * sigmoid(-2.1)),
    ("sapo", 0.5, -2.0, -8 / 1.05 * sigmoid(-0.525), -8 * sigmoid(0.525) * sigmoid(-0.525)),
    # min(ρ, 1.28) A / ρ: that of ρA up to 1.28.
    ("cispo", 0.5, 2.0, math.log(0.5), 2.0),
    ("cispo", 0.5, -2.0, -math.log(0.5), -2.0),
    ("cispo", 1.25, 2.0, 2.5 * math.log(1.25), 2.0),
    ("cispo", 1.6, 2.0, 2.56 * math.log(1.6), 1.6),
    ("cispo", 1.6, -2.0, -2.56 * math.log(1.6), -1.6),
    # A ≥ 0, g = (ρ - 1) A: at ρ = 1.5, g = 1, the drift is 1 - 2 tanh(1/2); its slope A tanh²(1/2).
    ("discovered", 1.5, 2.0, 3 - (1 - 2 * TANH_HALF), 2 - 2 * TANH_HALF**2),
    ("discovered", 0.5, 2.0, 1.0, 2.0),
    # A < 0, g = A log ρ: at ρ = e^-0.15, g = 0.3 = b/2; the drift's slope is A/ρ tanh²(1/2).
    (
        "discovered",
        math.exp(-0.15),
        -2.0,
        -2 * math.exp(-0.15) - (0.3 - 0.6 * TANH_HALF),
        -2 + 2 * math.exp(0.15) * TANH_HALF**2,
    ),
    ("discovered", 1.5, -2.0, -3.0, -2.0),
]  # fmt: skip


def test_by_hand() -> None:
    for name in dict.fromkeys(case[0] for case in CASES):
        mine = [case[1:] for case in CASES if case[0] == name]
        values, slopes = at(name, [(ratio, advantage, 0.0) for ratio, advantage, _, _ in mine])
        for case, value, slope in zip(mine, values, slopes, strict=True):
            assert case[2] is None or value == pytest.approx(case[2], rel=1e-5, abs=1e-6), (name, case)
            assert slope == pytest.approx(case[3], rel=1e-5, abs=1e-5), (name, case)


# Ratio, A, KL, and what is subtracted.
ROLLBACKS = [
    (1.5, 2.0, 0.02, 0.03),  # inside the trust region
    (1.5, 2.0, 0.03, 0.15),  # at its border
    (1.5, 2.0, 0.1, 0.5),
    (0.5, -2.0, 0.1, 0.5),
    (0.5, 2.0, 0.1, 0.03),  # a loss is not rolled back
    (1.5, -2.0, 0.1, 0.03),
    (1.0, 2.0, 0.1, 0.03),  # nor what neither gains nor loses
]


def test_truly_ppo_by_hand() -> None:
    values, slopes = at("truly-ppo", [case[:3] for case in ROLLBACKS])
    for (ratio, advantage, _, penalty), value, slope in zip(ROLLBACKS, values, slopes, strict=True):
        assert value == pytest.approx(ratio * advantage - penalty, rel=1e-5)
        assert slope == advantage


def policy(mean: Any, log_std: Any = 0.0) -> DiagonalGaussian:
    return DiagonalGaussian(mean=jnp.ones((1, 1)) * mean, log_std=jnp.ones(1) * log_std)


@cache
def compiled(function: Objective, **numbers: float) -> Callable[..., Any]:
    """Of rows (mean, log std, action, A): value and slopes, by the new policy's mean and log std.

    The old policy is the standard normal.
    """

    def value(mean: Any, log_std: Any, action: Any, advantage: Any) -> Any:
        given = give_inputs(policy(0.0), policy(mean, log_std), action[None, None])
        given |= {"advantage": lambda: advantage[None], "numbers": lambda: numbers}
        return function(**{name: given[name]() for name in argument_names(function)})[0]

    return jax.jit(jax.vmap(jax.value_and_grad(value, argnums=(0, 1))))


def slopes_at(
    function: Objective, numbers: dict[str, Any], rows: Sequence[Sequence[float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Values `[row]` and slopes `[row, 2]`. rows: mean, log std, action and advantage of each sample."""
    columns = jnp.array([*rows, *[(0.0, 0.0, 0.0, 1.0)] * (ROWS - len(rows))]).T
    values, slopes = compiled(function, **numbers)(*columns)
    return np.asarray(values)[: len(rows)], np.stack(slopes, axis=-1)[: len(rows)]


def slopes_of(name: str, *row: float) -> tuple[float, np.ndarray]:
    """Value and slopes of a setting's objective for one sample."""
    values, slopes = slopes_at(*objective_of(name), [row])
    return values[0], slopes[0]


def test_the_penalties_push_back_along_their_kl() -> None:
    """Of standard normals with means 0 and m both KL are m²/2, of slope m; at m = 0.4, action 0.2, ρ = 1."""
    for name, penalty, slope in (("reverse-kl-1", 0.08, 0.4), ("truly-ppo", 0.03, 0.0)):
        value, (by_mean, _) = slopes_of(name, 0.4, 0.0, 0.2, 1.5)
        assert value == pytest.approx(1.5 - penalty, rel=1e-5)
        assert by_mean == pytest.approx(1.5 * (0.2 - 0.4) - slope, rel=1e-4)
    # At action 1 the sample gains, and 0.08 is beyond 0.03: Truly PPO has 5 times the slope of the KL.
    ratio = math.exp(1 * 0.4 - 0.08)
    value, (by_mean, _) = slopes_of("truly-ppo", 0.4, 0.0, 1.0, 1.5)
    assert value == pytest.approx(1.5 * ratio - 0.4, rel=1e-5)
    assert by_mean == pytest.approx(1.5 * ratio * 0.6 - 5 * 0.4, rel=1e-4)


def test_the_reverse_kl_is_not_the_other() -> None:
    """KL(N(0, 2) ‖ N(0, 1)) = 4/2 - 1/2 - log 2, at an action of density ratio 1/2."""
    value, _ = slopes_of("reverse-kl-1", 0.0, math.log(2), 0.0, 2.0)
    assert value == pytest.approx(1 - (1.5 - math.log(2)), rel=1e-5)


# Mean and log std of the new policy, and the action: ratios that overflow or underflow, σ of nearly 0 or ∞.
EXTREMES = {
    "e^200": (20.0, 0.0, 20.0),
    "e^-200": (-10.0, 0.0, 15.0),
    "a narrow policy elsewhere": (0.5, -60.0, 1.0),
    "a narrow policy here": (1.0, -60.0, 1.0),
    "a wide policy": (0.0, 60.0, 1.0),
}


def test_nothing_overflows_to_nan() -> None:
    rows = [(*extreme, advantage) for extreme in EXTREMES.values() for advantage in (2.0, 0.0, -2.0)]
    for name in SUCCESSOR_SETTINGS:
        values, slopes = slopes_at(*objective_of(name), rows)
        assert not np.isnan(values).any(), name
        assert np.isfinite(slopes).all(), name


def test_a_clipped_ratio_that_overflows_has_no_gradient_and_a_lower_bound_keeps_its_own() -> None:
    for name in ("clip-higher", "sapo"):
        assert slopes_of(name, 20.0, 0.0, 20.0, 1.0)[1][0] == 0.0
    # CISPO's weight stays 1.28: A (a - m) 1.28.
    assert slopes_of("cispo", 19.0, 0.0, 20.0, 1.0)[1][0] == pytest.approx(1.28, rel=1e-5)


def test_bounds_change_nothing_that_an_update_reaches() -> None:
    """log ρ = m a - m²/2 for means 0 and m = 10."""
    log_ratios = jnp.array([-MAX_LOG_RATIO, -1.0, 0.0, 1.0, MAX_LOG_RATIO])
    given = give_inputs(policy(0.0), policy(10.0), (log_ratios[:, None] + 50) / 10)
    np.testing.assert_allclose(given["log_ratio"](), log_ratios, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(given["ratio"](), np.exp(log_ratios), rtol=1e-4)


def clipped(ratio: Any, advantage: Any, numbers: Any) -> Any:
    bounds = 1 - numbers["clip_range"], 1 + numbers["clip_range"]
    return jnp.minimum(ratio * advantage, jnp.clip(ratio, *bounds) * advantage)


def penalized(ratio: Any, log_ratio: Any, advantage: Any, numbers: Any) -> Any:
    """ρA - sg(ρA [clipped]) log ρ: the clipped objective as a penalty of each sample's own strength."""
    is_clipped = jnp.where(
        advantage > 0, ratio > 1 + numbers["clip_range"], ratio < 1 - numbers["clip_range"]
    )
    strength = jax.lax.stop_gradient(ratio * advantage * is_clipped)
    return ratio * advantage - strength * log_ratio


def test_clipping_is_a_penalty_of_each_sample_s_own_strength() -> None:
    """Their gradients are equal (KLip-PPO, https://arxiv.org/abs/2606.23932)."""
    means, advantages = (-1.0, -0.3, -0.1, 0.1, 0.3, 1.0), (1.5, -1.5)
    rows = [(mean, 0.1, 1.0, advantage) for mean in means for advantage in advantages]
    _, slopes = slopes_at(clipped, {"clip_range": 0.2}, rows)
    assert 0 < (slopes == 0).all(axis=1).sum() < len(rows)
    np.testing.assert_allclose(
        slopes_at(penalized, {"clip_range": 0.2}, rows)[1], slopes, rtol=1e-5, atol=1e-6
    )


def test_each_setting_has_its_objective_and_names_what_it_gets() -> None:
    names = [SETTINGS[name].options["name"] for name in SUCCESSOR_SETTINGS]
    assert sorted(names) == objective_names()
    for name in names:
        assert set(argument_names(find_objective(name))) <= INPUTS.keys()
        module = __import__(f"algorithms.objectives.{name}", fromlist=["objective"])
        assert "https://arxiv.org/abs/" in str(module.__doc__)


def test_an_unknown_objective_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(KeyError, match="unknown objective 'ppo'; choose from: cispo clip_higher"):
        find_objective("ppo")
