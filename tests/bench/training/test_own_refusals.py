"""Files of one's own settings that can't be used are refused in a line that says why."""

from pathlib import Path

import pytest

from bench.common.errors import UserError
from bench.training.own import read_own
from tests.bench.training.test_own import ANOTHER_RULE, MINE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nonsense", r"does not run: ModuleNotFoundError: No module named 'nonsense' \(line 1\)$"),
        ("def", "does not run: SyntaxError"),
        (
            MINE.format(returned="ratio", name="mine").replace("log_ratio, kl", "log_ratios, kl"),
            r"unknown argument of objective 'log_ratios' \(did you mean log_ratio\?\); choose from: ratio ",
        ),
        (
            MINE.format(returned="ratio", name="mine").replace('"epsilon"', '"epochs"'),
            "epochs of mine would change nothing: it is the protocol's, .* train --set epochs=VALUE sets it",
        ),
        (
            MINE.format(returned="ratio", name="mine").replace("0.2}", '0.2}, options={"advantages": "raw"}'),
            "advantages of mine would change nothing: .* train --set advantages=VALUE sets it",
        ),
        (
            MINE.format(returned="ratio", name="mine").replace("0.2}", '0.2}, options={"objective": "f"}'),
            "neither a function f nor",
        ),
        (
            MINE.format(returned="ratio", name="mine") + "objective = max\n",
            "objective must be a function whose arguments have names",
        ),
        ("x = 1", "has no list SETTINGS of Setting"),
        ("SETTINGS = []", "has no list SETTINGS of Setting"),
        (MINE.format(returned="ratio", name="clip-0.2"), "the name clip-0.2 is taken"),
        (MINE.format(returned="ratio", name="lecture"), "the name lecture is taken"),
        (MINE.format(returned="ratio", name="own"), "the name own is taken"),
        (MINE.format(returned="ratio", name="a/b"), "'a/b' can't be the name of a setting"),
        (MINE.format(returned="ratio", name="mine").replace("objective", "other"), "neither a function"),
        (MINE.format(returned="ratio.mean()", name="mine"), r"of shape \[64\] for 64 samples, not \(\)"),
        (MINE.format(returned="None", name="mine"), "not None"),
        (
            MINE.format(returned="ratio * numbers['delta']", name="mine"),
            r"objective fails for mine: KeyError: 'delta' \(line 6\); its numbers: epsilon$",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        read_own(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("rule = Still()", "rule = 3"), "rule is without columns, initial, improve, adapt"),
        (("    def adapt", "    def changed"), "rule is without adapt$"),
        (("rule = Still()", "rule = Still"), r"rule must be an object, such as Still\(\), not a class"),
        (
            ('numbers["step"]}', 'numbers["other"]}'),
            r"rule fails for still: KeyError: 'other' \(line \d+\); its numbers: step$",
        ),
        (
            ('{"updates": ', '{"update": '),
            r"rule fails for still: ValueError: a rule of columns \('updates',\)",
        ),
        (("(frozen=True)", ""), "rule must be hashable: make it a frozen dataclass"),
        (
            ('{"step": 1.0})', '{"step": 1.0}, rule="ppo2")'),
            "still takes its rule from this file: no rule=",
        ),
        *(
            (('("updates",)', columns), f"the rule's column '{column}' is taken, or no name")
            for columns, column in (
                ('("kl",)', "kl"),
                ('("seed",)', "seed"),
                ('("finite",)', "finite"),
                ('("a", "a")', "a"),
                ('("a,b",)', "a,b"),
            )
        ),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "still.py"
    path.write_text(ANOTHER_RULE.source)
    assert read_own(path).source == ANOTHER_RULE.source
    path.write_text(ANOTHER_RULE.source.replace(*change))
    with pytest.raises(UserError, match=message):
        read_own(path)
