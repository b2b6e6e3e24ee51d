"""NOTES.txt: what is closed, what is open, what was deprecated, and the warnings, each when it is true and only then."""

from __future__ import annotations

import pytest

from tests.chart.notes_said import EFFECTS, SAID, SYNC, notes_of
from tests.chart.rendering import Json, inline, isolating
from vcluster_isolation.helm.notes import Rendered, template_with_notes
from vcluster_isolation.helm.template import Request


@pytest.mark.parametrize("sentence", SAID)
def test_sentence_is_said_when_it_is_true(sentence: str) -> None:
    assert sentence in notes_of(inline(SAID[sentence][0]))


@pytest.mark.parametrize("sentence", SAID)
def test_sentence_is_not_said_when_it_is_not_true(sentence: str) -> None:
    assert sentence not in notes_of(inline(SAID[sentence][1]))


def test_notes_are_plain_text_without_template_left_or_broken_layout() -> None:
    for values in (isolating(), {}, isolating(extraWorkloadRules=[]), {**isolating(), "sync": SYNC}):
        text = notes_of(inline(values))
        assert text == text.strip() + "\n"
        assert "{{" not in text
        assert "\n\n\n" not in text
        assert "<no value>" not in text


@pytest.mark.parametrize("path", EFFECTS)
def test_every_value_has_an_effect(path: str) -> None:
    case = EFFECTS[path]
    values, usual = case if isinstance(case, tuple) else (case, isolating())
    assert shown(values) != shown(usual)


def shown(values: Json) -> Rendered:
    """Return the manifests and the notes of values."""
    return template_with_notes(Request(name="a", namespace="ns", inline=inline(values)))
