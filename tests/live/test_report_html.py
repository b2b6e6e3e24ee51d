"""The HTML report as a person meets it: in Chromium, by mouse and by keyboard, on paper, without a script."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browser import browser
from vcluster_isolation.connectivity.matrix import Cell, Matrix, MatrixActor, Reason
from vcluster_isolation.connectivity.report_html import html
from vcluster_isolation.netpol.sets.ports import ALL, parse_ports

HOSTILE = "<script>window.broken = 1</script>\"'`</style><img src=x onerror=window.broken=2>javascript:alert(1)"
API = parse_ports("TCP 8443, TCP+UDP 1053")
EGRESS = Reason("egress", "vc-work-a", "spec.egress[0]", API, "workloads --> control plane: DNS and API")
INGRESS = Reason("ingress", "vc-cp-a", "spec.ingress[1]", API, "workloads --> control plane: DNS and API")
GRANT = Reason(
    "egress", "vc-work-a", "spec.egress[3]", ALL, "your own rules", "policies.networkPolicy.workload.egress[0]"
)
OPEN = Reason("ingress", "", "", ALL)
MATRIX = Matrix(
    f"vCluster a {HOSTILE}",
    (
        MatrixActor("workload", "a pod of the tenant"),
        MatrixActor("control-plane", HOSTILE),
        MatrixActor(HOSTILE, "a hostile one"),
        MatrixActor("closed", "nobody"),
    ),
    (
        Cell("workload", "control-plane", API, (EGRESS, INGRESS)),
        Cell("workload", HOSTILE, ALL, (GRANT, OPEN), f"TCP port {HOSTILE}"),
    ),
)


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def page(chrome: Chrome, tmp_path: Path) -> Chrome:
    path = tmp_path / "report.html"
    path.write_text(html(MATRIX), encoding="utf-8")
    chrome.get(path.as_uri())
    return chrome


def cell(page: Chrome, row: int, column: int) -> str:
    return page.find_element(By.CSS_SELECTOR, f"#matrix tbody tr:nth-child({row}) td:nth-of-type({column})").text


def panel(page: Chrome) -> str:
    return page.find_element(By.ID, "panel").text


def press(page: Chrome, *keys: str) -> None:
    for key in keys:
        ActionChains(page).send_keys(key).perform()


def test_every_pair_has_a_cell_and_closed_ones_say_so(page: Chrome) -> None:
    assert cell(page, 1, 2).split() == ["TCP", "8443,", "TCP+UDP", "1053"]
    assert cell(page, 2, 1).lower() == "closed"
    assert len(page.find_elements(By.CSS_SELECTOR, "#matrix tbody tr")) == 4


def test_a_click_shows_the_policies_and_rules_of_both_sides(page: Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "#matrix tbody tr:nth-child(1) td:nth-of-type(2)").click()
    shown = panel(page)
    for words in (
        "vc-work-a",
        "spec.egress[0]",
        "vc-cp-a",
        "spec.ingress[1]",
        "workloads --> control plane: DNS and API",
    ):
        assert words in shown


def test_the_keyboard_alone_is_enough(page: Chrome) -> None:
    start = page.find_element(By.CSS_SELECTOR, "#matrix [tabindex='0']")
    page.execute_script("arguments[0].focus()", start)
    press(page, Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert "vc-cp-a" in panel(page)
    press(page, Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "panel"
    press(page, Keys.ESCAPE)
    assert not page.find_element(By.ID, "panel").is_displayed()
    assert page.switch_to.active_element.tag_name == "td"
    assert page.find_element(By.ID, "matrix").get_attribute("role") == "grid"


def test_what_a_value_granted_is_told_apart_in_words(page: Chrome) -> None:
    granted = page.find_element(By.CSS_SELECTOR, "#matrix td.granted")
    assert "user" in granted.text
    granted.click()
    assert "policies.networkPolicy.workload.egress[0]" in panel(page)
    assert "No policy isolates the destination" in panel(page)


def test_hostile_words_are_words(page: Chrome) -> None:
    assert page.execute_script("return window.broken") is None
    assert len(page.find_elements(By.CSS_SELECTOR, "img")) == 0
    assert HOSTILE in page.find_element(By.TAG_NAME, "h1").text
    assert [
        link for link in page.find_elements(By.TAG_NAME, "a") if "javascript:" in (link.get_dom_attribute("href") or "")
    ] == []


def test_the_page_asks_for_nothing_from_elsewhere(page: Chrome) -> None:
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    text = html(MATRIX)
    assert "default-src &#39;none&#39;" in text
    for mark in ("http://", "https://", "@import", "url("):
        assert mark not in text


def test_on_paper_the_reasons_follow_the_matrix(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        flows = page.find_element(By.ID, "flows")
        assert flows.is_displayed()
        assert "spec.ingress[1]" in flows.text
        printed = page.execute_cdp_cmd("Page.printToPDF", {"landscape": True})
        assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_a_script_each_cell_leads_to_its_reasons(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        link = page.find_element(By.CSS_SELECTOR, "#matrix tbody tr:nth-child(1) td:nth-of-type(2) a")
        target = link.get_dom_attribute("href")
        assert target is not None
        assert "spec.ingress[1]" in page.find_element(By.CSS_SELECTOR, target).text
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_matrix_that_would_not_show_whole_is_refused() -> None:
    twice = Matrix("x", (MatrixActor("a", ""), MatrixActor("a", "")), ())
    with pytest.raises(ValueError, match="there twice: a"):
        html(twice)
    with pytest.raises(ValueError, match="no actor: b"):
        html(Matrix("x", (MatrixActor("a", ""),), (Cell("a", "b", ALL, ()),)))
    with pytest.raises(ValueError, match="no side: up"):
        html(Matrix("x", (MatrixActor("a", ""),), (Cell("a", "a", ALL, (Reason("up", "", "", ALL),)),)))
