"""Label classes are exactly the ways in which permitted label sets look to selectors."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcluster_isolation.netpol.engine.labels import (
    ABSENT,
    FREE,
    Domain,
    TooManyClasses,
    covering_classes,
    label_classes,
    none_of,
    one_of,
    other_value,
)
from vcluster_isolation.netpol.objects.fields import legal_value
from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EXISTS,
    IN,
    NOT_IN,
    Labels,
    Requirement,
    Selector,
    selector,
)

KEYS = ("k", "l", "m")
VALUES = ("", "1", "2")
UNIVERSE = (*VALUES, "3", "4", "other", None)

values = st.frozensets(st.sampled_from((*VALUES, "other")), min_size=1, max_size=3)
requirements = st.one_of(
    st.builds(Requirement, st.sampled_from(KEYS), st.sampled_from((IN, NOT_IN)), values),
    st.builds(Requirement, st.sampled_from(KEYS), st.sampled_from((EXISTS, DOES_NOT_EXIST))),
)
selectors = st.builds(
    lambda equal, more: selector(equal, *more),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2),
    st.lists(requirements, max_size=2),
)
domains = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(
        st.just(FREE),
        st.just(ABSENT),
        st.builds(Domain, st.one_of(st.none(), values), st.frozensets(st.sampled_from(VALUES)), st.booleans()),
    ),
)


def every_label_set(domains: dict[str, Domain]) -> list[Labels]:
    """All label sets over a universe in which there are unmentioned values for each key."""
    options = []
    for key in KEYS:
        domain = domains.get(key, FREE)
        options.append([v for v in UNIVERSE if (domain.absent if v is None else domain.permits(v))])
    return [frozenset((k, v) for k, v in zip(KEYS, row, strict=True) if v is not None) for row in product(*options)]


def signature(found: list[Selector], labels: Labels) -> int:
    return sum(1 << at for at, one in enumerate(found) if one.matches(labels))


@given(st.lists(selectors, max_size=4), domains)
@settings(deadline=None)
def test_the_classes_are_those_of_every_label_set(found: list[Selector], domains: dict[str, Domain]) -> None:
    smallest: dict[int, int] = {}
    for labels in every_label_set(domains):
        seen = signature(found, labels)
        smallest[seen] = min(len(labels), smallest.get(seen, len(labels)))
    classes = label_classes(found, domains)
    assert {one.signature: len(one.labels) for one in classes} == smallest


@given(st.lists(selectors, max_size=5, unique=True), st.integers(min_value=0), domains)
@settings(deadline=None)
def test_a_cover_has_a_smaller_class_for_each_class_and_each_selector_in_it(
    found: list[Selector], chosen: int, domains: dict[str, Domain]
) -> None:
    adding = [one for at, one in enumerate(found) if chosen >> at & 1]
    adds = sum(1 << at for at, one in enumerate(found) if one in adding)
    every = {one.signature for one in label_classes(found, domains)}
    cover = covering_classes(found, adding, domains, few=0)
    for one in cover:
        assert signature(found, one.labels) == one.signature
        assert one.signature in every
    for seen in every:
        for wanted in (0, *(1 << at for at in range(len(found)) if adds & seen >> at << at & 1 << at)):
            assert any(
                one.signature & ~adds == seen & ~adds
                and one.signature & seen & adds == one.signature & adds
                and one.signature & wanted == wanted
                for one in cover
            ), f"{seen:b} {wanted:b}"


def test_a_few_classes_are_all_gone_through() -> None:
    found = [selector({f"key-{at}": "v"}) for at in range(6)]
    assert covering_classes(found, found) == label_classes(found)
    assert covering_classes(found, [], few=64) == label_classes(found)


def test_selectors_that_add_cost_a_class_each() -> None:
    found = [selector({f"key-{at}": "v"}) for at in range(100)]
    cover = covering_classes([*found, selector({"app": "x"})], found)
    assert len(cover) == 2 * 101
    assert max(len(one.labels) for one in cover) == 2


def test_selectors_that_do_not_only_add_are_refused_beyond_all_bounds() -> None:
    found = [selector({f"key-{at}": "v"}) for at in range(18)]
    with pytest.raises(TooManyClasses, match="more than 65536 kinds"):
        covering_classes(found, [])


@given(st.lists(selectors, max_size=4), domains)
def test_each_witness_is_permitted_and_has_its_signature(found: list[Selector], domains: dict[str, Domain]) -> None:
    for one in label_classes(found, domains):
        assert signature(found, one.labels) == one.signature
        labels = dict(one.labels)
        assert all(domains[k].permits(labels[k]) if k in labels else domains[k].absent for k in domains)
        assert all(map(legal_value, labels.values()))


def test_the_class_with_the_fewest_labels_comes_first() -> None:
    classes = label_classes([selector({"app": "loft"}), selector({"app": "loft", "x": "y"})])
    assert [sorted(one.labels) for one in classes] == [[], [("app", "loft")], [("app", "loft"), ("x", "y")]]


def test_a_fixed_label_is_in_every_witness() -> None:
    classes = label_classes([selector({"app": "loft"})], {"owner": one_of("t")})
    assert [sorted(one.labels) for one in classes] == [[("owner", "t")], [("app", "loft"), ("owner", "t")]]


def test_a_fixed_label_rules_out_what_it_contradicts() -> None:
    classes = label_classes([selector({"owner": "t"}), selector({"owner": "u"})], {"owner": one_of("t")})
    assert [one.signature for one in classes] == [0b01]


def test_any_value_but_some_is_a_value_that_is_none_of_them() -> None:
    (one,) = label_classes([selector({"owner": "t"})], {"owner": none_of("t", "other")})
    assert sorted(one.labels) == [("owner", "other-1")]


def test_a_value_that_nobody_mentions_differs_from_absence() -> None:
    classes = label_classes([selector(None, Requirement("k", EXISTS)), selector({"k": "v"})])
    assert [sorted(one.labels) for one in classes] == [[], [("k", "other")], [("k", "v")]]


def test_keys_without_a_domain_of_their_own_have_the_common_one() -> None:
    classes = label_classes([selector({"k": "v"})], {}, others=ABSENT)
    assert [sorted(one.labels) for one in classes] == [[]]


def test_a_domain_that_permits_nothing_permits_no_label_set() -> None:
    assert label_classes([selector({"k": "v"})], {"k": Domain(values=frozenset(), absent=False)}) == ()


def test_without_selectors_all_label_sets_are_one() -> None:
    assert [(one.signature, one.labels) for one in label_classes([])] == [(0, frozenset())]


def test_contradicting_requirements_match_nothing() -> None:
    never = selector({"k": "v"}, Requirement("k", IN, frozenset({"w"})))
    assert [one.signature for one in label_classes([never])] == [0]


def test_many_keys_that_rule_each_other_out_are_still_few_classes() -> None:
    found = [selector({"app": str(at), f"key-{at}": "v"}) for at in range(60)]
    assert len(label_classes(found)) == 61


def test_more_classes_than_anyone_can_go_through_are_refused() -> None:
    with pytest.raises(TooManyClasses, match="8 selectors tell more than 100 kinds"):
        label_classes([selector({f"key-{at}": "v"}) for at in range(8)], limit=100)


def test_the_other_value_is_not_taken() -> None:
    assert [other_value([]), other_value(["other"]), other_value(["other", "other-1"])] == [
        "other",
        "other-1",
        "other-2",
    ]


def test_selectors_written_in_another_order_are_equal() -> None:
    first = selector({"a": "1"}, Requirement("b", IN, frozenset({"2"})), Requirement("c", EXISTS))
    second = selector({"b": "2"}, Requirement("c", EXISTS), Requirement("a", IN, frozenset({"1"})))
    assert (first, hash(first)) == (second, hash(second))
