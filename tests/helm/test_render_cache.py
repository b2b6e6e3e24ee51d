"""What the render cache takes for the same, and what it does not."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm import template as helm
from vcluster_isolation.helm.template import RenderFailed, Request


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """Something to render, in a folder of its own."""
    shutil.copytree(helm.CHART, tmp_path / "chart")
    values = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in values:
        path.write_text(f"# {tmp_path} {path.stem}\n", encoding="utf-8")
    return Request(tuple(values), "n", "ns", tmp_path / "chart")


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests that reached helm."""
    seen: list[Request] = []

    def template(request: Request, **_: object) -> str:
        seen.append(request)
        return f"{len(seen)}"

    monkeypatch.setattr(helm, "template", template)
    return seen


def other_content(request: Request) -> Request:
    request.values[0].write_text("enabled: true\n", encoding="utf-8")
    return request


def other_template(request: Request) -> Request:
    (request.chart / "templates" / "vcluster" / "workloads.yaml").write_text("", encoding="utf-8")
    return request


def other_place(request: Request) -> Request:
    (request.chart / "templates" / "vcluster" / "workloads.yaml").rename(
        request.chart / "templates" / "vcluster" / "workload.yaml"
    )
    return request


def one_file_more(request: Request) -> Request:
    (request.chart / "charts").mkdir()
    (request.chart / "charts" / "x").touch()
    return request


def file_behind_a_link(request: Request) -> Request:
    elsewhere = request.chart.parent / "elsewhere"
    elsewhere.mkdir()
    (request.chart / "linked").symlink_to(elsewhere)
    (elsewhere / "x.yaml").touch()
    return request


OTHER: dict[str, Callable[[Request], Request]] = {
    "values": other_content,
    "order of values": lambda request: replace(request, values=request.values[::-1]),
    "values twice": lambda request: replace(request, values=(*request.values, request.values[1])),
    "inline values": lambda request: replace(request, inline="a: 1"),
    "name": lambda request: replace(request, name="m"),
    "namespace": lambda request: replace(request, namespace="n"),
    "schema": lambda request: replace(request, skip_schema=True),
    "template": other_template,
    "template's name": other_place,
    "file in the chart": one_file_more,
    "file behind a link": file_behind_a_link,
}


@pytest.mark.parametrize("what", OTHER)
def test_another_input_is_rendered_anew(what: str, request_: Request, renders: list[Request]) -> None:
    first = render_cache.template(request_)
    assert render_cache.template(OTHER[what](request_)) != first
    assert len(renders) == 2


def test_another_helm_renders_anew(request_: Request, renders: list[Request], tmp_path: Path) -> None:
    helms = [tmp_path / "helm", tmp_path / "another"]
    for other, content in [(helms[0], "one"), (helms[1], "one"), (helms[0], "more")]:
        other.write_text(content, encoding="utf-8")
        os.utime(other, (1, 1))
        render_cache.template(request_, helm=other)
    os.utime(helms[0], (2, 2))
    render_cache.template(request_, helm=helms[0])
    assert len(renders) == 4


def test_the_same_content_under_other_names_is_rendered_once(
    request_: Request, renders: list[Request], tmp_path: Path
) -> None:
    copies = tuple(Path(shutil.copy(path, path.with_suffix(".yml"))) for path in request_.values)
    chart = Path(shutil.copytree(request_.chart, tmp_path / "copy"))
    first = render_cache.template(request_)
    assert render_cache.template(replace(request_, values=copies, chart=chart)) == first
    assert len(renders) == 1


def test_threads_that_ask_at_once_share_one_render(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, renders, results = threading.Event(), threading.Event(), [0], []

    def slow(_: Request, **__: object) -> str:
        renders[0] += 1
        begun.set()
        assert go_on.wait(10)
        return "done"

    monkeypatch.setattr(helm, "template", slow)
    threads = [threading.Thread(target=lambda: results.append(render_cache.template(request_))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert (results, renders) == (["done"] * 3, [1])


def test_a_failure_is_not_kept(request_: Request) -> None:
    request_.values[0].write_text("polices: {}\n", encoding="utf-8")
    copy = Path(shutil.copy(request_.values[0], request_.values[0].with_name("copy.yaml")))
    for path in (request_.values[0], copy):
        with pytest.raises(RenderFailed) as failed:
            render_cache.template(replace(request_, values=(path,)))
        assert str(path) in str(failed.value)


def test_what_renders_after_a_failure_is_kept(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(request: Request, **_: object) -> str:
        raise RenderFailed(request.values, "refused")

    with monkeypatch.context() as failing:
        failing.setattr(helm, "template", refused)
        with pytest.raises(RenderFailed):
            render_cache.template(request_)
    first = render_cache.template(request_)
    monkeypatch.setattr(helm, "template", refused)
    assert render_cache.template(request_) == first


def test_a_thread_that_waited_for_a_failure_fails_with_its_own_names(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, messages = threading.Event(), threading.Event(), []

    def failing(request: Request, **_: object) -> str:
        begun.set()
        assert go_on.wait(10)
        raise RenderFailed(request.values, "refused")

    def ask(name: str) -> None:
        copy = Path(shutil.copy(request_.values[0], request_.values[0].with_name(name)))
        with pytest.raises(RenderFailed) as failed:
            render_cache.template(replace(request_, values=(copy,)))
        messages.append((name, name in str(failed.value)))

    monkeypatch.setattr(helm, "template", failing)
    threads = [threading.Thread(target=ask, args=(name,)) for name in ("one.yaml", "two.yaml")]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(messages) == [("one.yaml", True), ("two.yaml", True)]


def test_notes_are_kept_as_well(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    first = render_cache.template_with_notes(request_)
    monkeypatch.setattr(helm, "template", None)
    assert render_cache.template_with_notes(request_) is first
