"""Matchers as Alertmanager writes them, and what no silence may be."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.silences import LONGEST, Silence, check_silence, parse_matcher
from tests.builders import minute

CHECKOUT = {
    "service": frozenset({"checkout"}),
    "region": frozenset({"EU"}),
    "journey": frozenset({"checkout", "refund"}),
}


def silence(*matchers: str, starts: float = 0, ends: float = 60) -> Silence:
    return Silence(
        matchers=tuple(parse_matcher(one) for one in matchers),
        starts_at=minute(starts),
        ends_at=minute(ends),
        author="ann",
        why="load test",
        created_at=minute(0),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("service=checkout", True),
        ('service = "checkout"', True),
        ("service=check", False),
        ("service!=checkout", False),
        ("service!=search", True),
        ("service=~check.*", True),
        ("service=~check", False),
        ("service!~'pay.*'", True),
        ("service!~check.*", False),
        ("segment=", True),
        ("segment=gold", False),
        ("segment!=gold", True),
        ("journey=refund", True),
        ("journey!=refund", False),
        ("region=~EU|US", True),
    ],
)
def test_a_matcher_compares_one_label_as_alertmanager_does(text: str, expected: bool) -> None:
    assert parse_matcher(text).matches(CHECKOUT) is expected


@pytest.mark.parametrize("text", ["", "checkout", "=checkout", "9a=b", "a=~(", "a=~[[b]"])
def test_what_is_no_matcher_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(InputError, match=r"expected a label|no regular expression"):
        parse_matcher(text)


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+b",
        "(a|a)*b",
        "(?:a{1,9}){3}",
        ".*.*.*.*x",
        "a?a?a?a?aaaa",
        "(a|a)(a|a)(a|a)(a|a)b",
        r"(a)\1",
        "(?=a)b",
        "(?i)pay",
        "a+" * 100 + "b",
    ],
)
def test_an_expression_that_could_keep_correlation_waiting_is_refused(expression: str) -> None:
    with pytest.raises(InputError, match=r"groups and repeats at most.*write alternatives"):
        parse_matcher(f"service=~{expression}")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("pay.*|checkout", "payment"),
        ("(EU|US)-.+", "EU-1"),
        ("(?:prod|eu)-.*-x?", "prod-a-"),
        (r"\(\)*x", "())x"),
        (r"[]*+(?]+", "*+(?"),
        ("[^)*+]{2,3}", "ab"),
    ],
)
def test_what_is_escaped_or_in_a_class_is_a_character(expression: str, value: str) -> None:
    assert parse_matcher(f"service=~{expression}").matches({"service": frozenset({value})})


@given(st.text("ab(|)*+?.[]{}1,^\\", max_size=14), st.integers(20, 300))
def test_whatever_is_taken_is_compared_at_once(expression: str, length: int) -> None:
    """Steps, not seconds: a comparison that backtracks without end would never come back."""
    with suppress(InputError):
        parse_matcher(f"service=~{expression}").matches({"service": frozenset({"a" * length})})


def test_a_matcher_is_read_again_from_what_it_is_shown_as() -> None:
    made = parse_matcher("service=~pay.*")
    assert parse_matcher(str(made)) == made


def test_a_silence_holds_from_its_beginning_until_just_before_its_end() -> None:
    made = silence("service=checkout", starts=10, ends=20)
    held = [at for at in range(30) if made.holds(minute(at))]
    assert held == list(range(10, 20))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (silence("service=a", starts=5, ends=5), "ends after it begins"),
        (silence("service=a", starts=-9, ends=-5), "ends after it begins"),
        (silence("service=~.*", "region="), "everything"),
        (silence(), "everything"),
    ],
    ids=["no length", "over already", "empty matchers", "no matcher"],
)
def test_what_no_silence_may_be_is_refused(wrong: Silence, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_silence(wrong, minute(0))


def test_a_silence_has_a_longest_length() -> None:
    made = silence("service=a")
    check_silence(replace(made, ends_at=made.starts_at + LONGEST), minute(0))
    with pytest.raises(InputError, match="30 days"):
        check_silence(
            replace(made, ends_at=made.starts_at + LONGEST + timedelta(seconds=1)), minute(0)
        )
