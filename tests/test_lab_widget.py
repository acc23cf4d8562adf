"""The lab's figures in a notebook: one module without imports, answered without a server."""

from __future__ import annotations

import base64
import json
import re

import pytest

from browsing import chromium, watched

pytest.importorskip("anywidget")
from pellucid.errors import UsageError
from pellucid.lab import widget
from pellucid.web.bundle import bundle

MODEL = """
window.model = {
  values: GIVEN, heard: {}, sent: [],
  get(name) { return this.values[name]; },
  set(name, value) { this.values[name] = value; },
  on(what, heard) { this.heard[what] = heard; },
  save_changes() {},
  send(question) {
    ask(JSON.stringify(question)).then((told) => this.heard["msg:custom"](JSON.parse(told)));
  },
};
"""


@pytest.mark.parametrize("name", widget.FIGURES)
def test_a_figure_is_one_module_that_fetches_nothing(name):
    text = widget.source(name)
    assert not re.search(r"^\s*import\b", text, re.M)
    assert len(re.findall(r"^export\b", text, re.M)) == 1
    assert text.count('modules["plot.js"] =') == 1
    assert text.index('modules["plot.js"] =') < text.index(f'modules["figures/{name}.js"] =')


def test_modules_come_before_those_that_need_them():
    text = bundle("figures/table-training.js")
    order = re.findall(r'^modules\["([^"]+)"\] =', text, re.M)
    assert order[-1] == "figures/table-training.js"
    assert order.index("figures/training.js") > order.index("training-panels.js")


def test_a_widget_has_its_state_and_what_it_is_not_is_said():
    made = widget.figure("matrix", matrix=[[2, 0], [0, 3]])
    assert made.state == {"matrix": [[2, 0], [0, 3]]} and ":host" in made.style
    with pytest.raises(UsageError, match="matrix, secant"):
        widget.figure("walk")


def test_questions_are_answered_and_faults_are_sentences():
    asked = {"lesson": "determinant", "arguments": ["[[2, 3], [4, 5]]"]}
    told = widget.replied({"number": 7, "what": "lesson", "question": asked})
    assert told["number"] == 7 and told["answer"]["result"] == -2
    for wrong in ({"what": "passwords"}, {"what": "lesson", "question": {"lesson": "no"}}, {}):
        assert len(widget.replied(wrong)["answer"]["fault"]) > 10


def test_a_figure_in_a_notebook_is_drawn_moved_and_worked():
    given = {"state": {"x": [1, 2, 3], "w": [1, 1, 1], "b": 0}, "style": widget.style()}
    module = base64.b64encode(widget.source("neuron").encode()).decode()
    with chromium() as browser, watched(browser) as seen:
        seen.page.expose_function(
            "ask", lambda question: json.dumps(widget.replied(json.loads(question)))
        )
        seen.page.set_content("<!doctype html><div id=cell></div>")
        seen.page.evaluate(MODEL.replace("GIVEN", json.dumps(given)))
        seen.page.evaluate(
            "async (text) => (await import(`data:text/javascript;base64,${text}`)).default"
            ".render({ model, el: document.getElementById('cell') })",
            module,
        )
        says = "document.getElementById('cell').shadowRoot.querySelector('.says').textContent"
        seen.until(f"{says}.includes('z = 6')")
        seen.page.get_by_label("Bias b").focus()
        seen.page.keyboard.press("ArrowRight")
        seen.until(f"{says}.includes('z = 6.05')")
        assert seen.page.evaluate("model.values.state.b") == pytest.approx(0.05)
        seen.page.evaluate("model.values.state = { ...model.values.state, b: -9 }")
        seen.page.evaluate("model.heard['change:state']()")
        seen.until(f"{says}.includes('z = −3')")
        seen.until(
            "document.getElementById('cell').shadowRoot.querySelector('.worked math') !== null"
        )
        assert seen.faults == []
