"""The lab's pages in a real browser: every figure moves, by keyboard too, and nothing leaves."""

from __future__ import annotations

import contextlib
import io

import pytest

import pellucid
from browsing import TOKEN, chromium, serving, watched
from every_kind import plan

pytest.importorskip("starlette")
from pellucid.lab.chapters import CHAPTERS
from pellucid.lab.digits import digits
from pellucid.lab.own import Own, own_of
from pellucid.lab.server import application
from pellucid.lab.taught import taught

PAGES = ["", *(chapter.slug for chapter in CHAPTERS)]


@pytest.fixture(scope="module")
def lab():
    for own in (Own(), digits()):
        taught(own)  # before the pages ask for it: a busy machine takes its time
    with serving(application(TOKEN)) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory):
    """The lab on a model of one's own and its rows."""
    folder = tmp_path_factory.mktemp("own")
    rows = [f"{i % 9},{'abc'[i % 3]},{'a' if i % 2 else 'b'},{i % 9 > 4}" for i in range(300)]
    (folder / "things.csv").write_text("size,letter,place,large\n" + "\n".join(rows))
    model = folder / "things.pellucid"
    pellucid.learn(
        folder / "things.csv", "large", plan=plan(steps=30, curve=(40, 80, 160)),
        output=model, verbose=False,
    )  # fmt: skip
    own = own_of(str(model), None, str(folder / "things.csv"))
    with serving(application(TOKEN, own)) as address:
        yield address


LOOKS = """f => f.querySelector('.drawing').innerHTML
  + [...f.querySelectorAll('canvas')].map(c => c.toDataURL()).join()"""


def move(seen, figure):
    """Press an arrow key on the figure's first range, and wait until it looks another way."""
    before = figure.evaluate(LOOKS)
    ranges = figure.locator(".rest input[type=range]:visible")
    control = (ranges if ranges.count() else figure.locator("input[type=range]:visible")).first
    at = control.input_value()
    control.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        if key == "ArrowLeft" or control.input_value() == at:
            seen.page.keyboard.press(key)
    seen.until(f"([f, was]) => ({LOOKS})(f) !== was", [figure.element_handle(), before])


CUT = """[...document.querySelectorAll('.drawing svg text')].filter(text => {
  const svg = text.ownerSVGElement.getBoundingClientRect(), said = text.getBoundingClientRect();
  return said.left < svg.left - 2 || said.right > svg.right + 2 || said.bottom > svg.bottom + 2
    || said.top < svg.top - 2;
}).map(text => text.closest('[data-figure]').dataset.figure + ': ' + text.textContent)"""


@pytest.mark.parametrize("slug", PAGES, ids=lambda slug: slug or "home")
def test_every_figure_moves_by_keyboard_and_shows_its_numbers(lab, browser, slug):
    with watched(browser) as seen:
        seen.page.goto(lab + slug)
        seen.settle()
        for figure in seen.page.locator("[data-figure]").all():
            move(seen, figure)
            figure.locator("details.numbers summary").click()
            figure.locator("details.numbers td").nth(2).wait_for()
        seen.settle()
        assert seen.faults == []


@pytest.mark.parametrize("slug", PAGES[1:])
def test_every_figure_moves_on_a_model_of_ones_own(own_lab, browser, slug):
    with watched(browser, viewport={"width": 390, "height": 844}) as seen:
        seen.page.goto(own_lab + slug)
        seen.settle()
        for figure in seen.page.locator("[data-figure]").all():
            move(seen, figure)
        seen.settle()
        assert seen.page.locator("[role=alert]:not(:empty)").count() == 0
        assert seen.page.evaluate(CUT) == []
        for summary in seen.page.locator(".extras summary").all():
            summary.click()  # tables and code are wider than a phone: they scroll, not the page
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert seen.faults == []


@pytest.mark.parametrize("slug", ["inside", "neuron"])
def test_a_row_is_called_the_same_by_the_slider_and_by_the_text(lab, browser, slug):
    with watched(browser) as seen:
        seen.page.goto(lab + slug)
        seen.settle()
        sliders = seen.page.locator(".control", has=seen.page.locator("[name=row]"))
        assert sliders.count() == {"inside": 4, "neuron": 1}[slug]
        for slider in sliders.all():
            slider.locator("input").focus()
            seen.page.keyboard.press("ArrowRight")
            seen.settle()
            number = slider.locator("output").inner_text()
            says = slider.locator("xpath=ancestor::section").locator(".says")
            seen.until("([s, n]) => RegExp(`[Rr]ow ${n} of`).test(s.textContent)",
                       [says.element_handle(), number])  # fmt: skip


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_text_and_figures_have_one_middle_on_wide_screens(lab, browser, width):
    with watched(browser, viewport={"width": width, "height": 900}) as seen:
        for slug in ("", "gradient-descent"):
            seen.page.goto(lab + slug)
            middles = seen.page.evaluate("""[...document.querySelectorAll('.column, .figure')].map(
              part => part.getBoundingClientRect()).map(box => box.left + box.width / 2)""")
            assert len(middles) > 2 and max(middles) - min(middles) < 1


SIGHT = """slider => {
  const drawing = slider.closest('.shown').querySelector('.drawing').getBoundingClientRect();
  const at = slider.getBoundingClientRect(), middle = [at.x + at.width / 2, at.y + at.height / 2];
  const form = slider.form.getBoundingClientRect().top;
  const head = document.querySelector('.top').getBoundingClientRect().bottom;
  return {
    seen: Math.min(form, drawing.bottom) - Math.max(head, drawing.top),
    uncovered: document.elementFromPoint(...middle) === slider, at: at.top,
  };
}"""


@pytest.mark.parametrize(
    "slug", ["linear-algebra", "calculus", "gradient-descent", "neuron", "activation"]
)
def test_on_a_phone_a_slider_and_its_drawing_are_in_view_together(lab, browser, slug):
    with watched(browser, viewport={"width": 390, "height": 664}) as seen:
        seen.page.goto(lab + slug)
        seen.settle()
        sliders = seen.page.locator("[data-figure]").first.locator(".rest [type=range]:visible")
        for slider in sliders.all():
            slider.evaluate("slider => slider.scrollIntoView({block: 'center'})")
            slider.focus()
            before = slider.evaluate(SIGHT)
            assert before["seen"] > 100 and before["uncovered"]
            seen.page.keyboard.press("ArrowLeft")
            seen.settle()
            assert slider.evaluate(SIGHT)["at"] == before["at"]  # nothing above it has moved


SAID = (
    (
        "linear-algebra",
        "a quarter turn",
        "det A = 1: A makes every area 1 times as large. No direction",
    ),
    ("linear-algebra", "watch the way there", "det A = −6"),
    ("calculus", "let the width shrink", "Secant over h = 0.001: slope 2.001."),
    ("calculus", "10⁻¹⁵", "slope 2.2204"),
    ("gradient-descent", "with 1.1", "It climbs: the step size is too large."),
    ("gradient-descent", "a step of 0.13", "It climbs: the step size is too large."),
    ("neuron", "AND", "The sum is z = 0.5; the neuron answers 0.5"),
    ("neuron", "lower the bias", "the neuron answers 0"),
    ("activation", "flat on both sides", "tanh(4) = 0.9993, slope 0.00134"),
    ("activation", "set them three times as far apart", "The three shares add up to 1."),
    ("training", "with x² and y² given", "It has 5 weights."),
)


@pytest.mark.parametrize(("slug", "words", "says"), SAID, ids=lambda each: each[:20])
def test_words_of_the_text_set_the_figure_by_keyboard(lab, browser, slug, words, says):
    with watched(browser, viewport={"width": 390, "height": 664}) as seen:
        seen.page.goto(lab + slug)
        seen.settle()
        button = seen.page.get_by_role("button", name=words, exact=True)
        before = seen.page.evaluate(f"[...document.querySelectorAll('[data-figure]')].map({LOOKS})")
        button.focus()
        seen.page.keyboard.press("Enter")
        said = "t => [...document.querySelectorAll('.says')].some(s => s.textContent.includes(t))"
        seen.until(said, says)
        seen.until("b => b.ariaCurrent === 'true'", button.element_handle())
        after = seen.page.evaluate(f"[...document.querySelectorAll('[data-figure]')].map({LOOKS})")
        moved = sum(one != other for one, other in zip(before, after, strict=True))
        assert moved == 1 and seen.faults == []


WORKED = (
    ("data", "columns", "Rank: the number of axes"),
    ("inputs", "encoding", "Rank: the number of axes"),
    ("learning", "grown", "Derivative of"),
    ("features", "ways", "Sum of matrices"),
    ("deep-learning", "layers-seen", "Eigenvalues and eigenvectors"),
    ("training", "table-training", "cross-entropy"),
    ("training", "history", "Derivative of"),
    ("gradient-descent", "surface", "Gradient descent on"),
    ("frameworks", "spellings", "Product of matrices"),
    ("inside", "dream", "Gradient descent on"),
)


@pytest.mark.parametrize(("slug", "name", "rule"), WORKED, ids=lambda each: each.split()[0])
def test_a_figures_working_and_its_python_follow_when_it_is_moved(
    own_lab, browser, slug, name, rule
):
    with watched(browser) as seen:
        seen.page.goto(own_lab + slug)
        seen.settle()
        figure = seen.page.locator(f"[data-figure={name}]").first
        worked = figure.locator(".worked")
        seen.until("w => w.textContent", worked.element_handle())
        assert rule.lower() in worked.text_content().lower()
        before = worked.inner_html()
        if name == "table-training":
            figure.get_by_role("button", name="One step").click()
        else:
            move(seen, figure)
        seen.until("([w, was]) => w.innerHTML !== was", [worked.element_handle(), before])
        seen.settle()
        assert worked.locator(".fault").count() == 0
        figure.locator("details.code summary").click()
        seen.until("f => f.querySelector('.code pre').textContent", figure.element_handle())
        assert seen.faults == []


QUESTIONS = """async () => {
  const asked = async (name, state) => {
    const at = `${document.body.dataset.root}/assets/figures/${name}.js`;
    const {default: figure} = await import(at);
    const {arguments: given, options} = figure.working({...figure.state, ...state});
    return [...given, options ?? {}];
  };
  return {
    ways: await asked('ways', {found: {share: true, ways: [{value: 0.5}, {value: 0.825}]}, at: 1}),
    grown: await asked('grown', {share: true, at: 2, points: [
      {rows: 10, value: 0.5}, {rows: 20, value: 0.6}, {rows: 80, value: 0.9}]}),
    history: await asked('history', {at: 1, moments: [
      [0, 0, 0.7, null, 0.1], [0, 10, 0.5, null, 0.1], [0, 20, 0.4, null, 0.1]]}),
    cloud: await asked('layers-seen', {at: 0, found: {rows: 2, layers: [{points: [1, 2, -1, 0]}]}}),
    bowl: await asked('surface', {step: 0, rate: '0.1', method: 'plain', found: {
      x: [-1, 1], y: [-2, 2], losses: [[2, 1, 2], [1, 0, 1], [2, 1, 2]], path: [[0, 0]]}}),
    dream: await asked('dream', {step: 9, found: {pixels: [
      {value: 0, slope: 1, height: 1}, {value: 100, slope: 0.5, height: 32}]}}),
    layer: await asked('spellings', {layer: 2, found: {layers: [
      {inputs: 4, outputs: 3}, {inputs: 3, outputs: 5}]}}),
  };
}"""


def test_a_working_is_called_with_the_numbers_that_the_figure_shows(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab)
        asked = seen.page.evaluate(QUESTIONS)
    assert asked["ways"] == ["[50,82.5]", "[-82.5,-82.5]", {}]
    assert asked["grown"] == ["60 + 30*ln(x/20)/ln(80/20)", {"at": "80"}]
    assert asked["history"] == ["0.5 + -0.02*(x - 10)", {"at": "10"}]
    assert asked["cloud"] == ["[[1,1],[1,1]]", {}]
    assert asked["dream"] == ["-0.5*(x - 100)", {"start": 100, "step": 32, "steps": 1}]
    assert asked["layer"] == ["[3,1]", "[5,5]", {}]
    bowl, options = asked["bowl"]
    assert options == {"start": "0, 0", "step": "0.1", "steps": 1, "method": "plain"}
    step = pellucid.lesson("descent", bowl, **{**options, "start": "1, 2"})
    # 1 * x**2 + 0.25 * y**2, of which a step of 0.1 takes off a fifth and a twentieth
    assert [float(each) for each in step.result] == pytest.approx([0.8, 1.9])


def test_a_tables_training_and_its_python_come_to_the_same_loss(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "training")
        seen.settle()
        figure = seen.page.locator("[data-figure=table-training]")
        for _ in range(2):
            figure.get_by_role("button", name="One step").click()
        seen.until("f => f.innerText.includes('Step 2 on')", figure.element_handle())
        figure.locator("details.code summary").click()
        code = figure.locator("details.code pre")
        seen.until("p => p.innerText.includes('range(2)')", code.element_handle())
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code.inner_text(), {})
        figure.locator("details.numbers summary").click()
        last = figure.locator("details.numbers tbody tr").last.locator("td")
        last.first.wait_for()
        step, loss = (float(cell.inner_text()) for cell in last.all()[:2])
        assert step == 2 and float(printed.getvalue()) == pytest.approx(loss, rel=1e-5)


def test_a_neuron_and_then_a_weight_are_picked_and_followed(own_lab, browser):
    with watched(browser) as seen:
        seen.page.goto(own_lab + "walk")
        seen.settle()
        seen.page.locator("[data-layer='hidden layer 1'][data-neuron='3']").click()
        seen.until("document.querySelector('.says').innerText.includes('neuron 4 of hidden')")
        seen.settle()
        picked = seen.page.locator("g[data-weight]").nth(1)
        weight = picked.get_attribute("data-weight")
        picked.click()
        seen.until("w => document.querySelector('.worked').innerText.includes(w)", weight)
        assert seen.page.get_by_label("Weight to follow").input_value() == weight
        assert seen.faults == []


@pytest.mark.parametrize("slug", PAGES, ids=lambda slug: slug or "home")
def test_no_page_has_a_serious_fault_of_access_or_is_wider_than_a_phone(lab, browser, slug):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for scheme, width in (("light", 1280), ("dark", 360)):
        with watched(
            browser, color_scheme=scheme, viewport={"width": width, "height": 800}
        ) as seen:
            seen.page.goto(lab + slug)
            seen.settle()
            # A drawing is one picture with a name; its thousands of lines would only take time.
            outside = {"exclude": [[".drawing svg"]]}
            found = axe.Axe().run(seen.page, context=outside).response["violations"]
            grave = [
                (each["id"], each["nodes"][0]["html"][:200])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert grave == []
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_dragging_the_start_of_a_descent_moves_its_path_and_its_working(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "gradient-descent")
        seen.settle()
        figure = seen.page.locator("[data-figure]").first
        figure.scroll_into_view_if_needed()
        box = figure.locator(".grip").bounding_box()
        seen.page.mouse.move(box["x"] + 15, box["y"] + 15)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] - 120, box["y"] + 60, steps=6)
        seen.page.mouse.up()
        seen.page.wait_for_timeout(300)
        seen.settle()
        assert "start=6" not in figure.locator(".worked").inner_text().replace(" ", "")
        assert "from 36." not in figure.locator(".says").inner_text()
        assert seen.faults == []


def test_a_wrong_prediction_is_told_where_it_parts(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "activation")
        seen.settle()
        figure = seen.page.locator("[data-figure]").first
        figure.get_by_role("button", name="Predict first").click()
        asked = figure.locator(".question span").inner_text()
        number = float(asked.split("(")[1].split(")")[0].replace("−", "-"))
        figure.locator(".question input").fill(str(-number))
        seen.page.keyboard.press("Enter")
        told = figure.locator(".told").inner_text()
        assert told.startswith("It is 0.") and "absolute value" in told
        assert seen.faults == []


def test_a_function_that_cannot_be_read_is_told_and_the_old_figure_stays(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "calculus")
        seen.settle()
        figure = seen.page.locator("[data-figure]").first
        figure.get_by_label("Function").fill("sin(x")
        seen.page.keyboard.press("Enter")
        figure.locator("[role=alert]:not(:empty)").wait_for()
        assert "Cannot read" in figure.locator("[role=alert]").inner_text()
        figure.get_by_label("Function").fill("sin(x)")
        seen.page.keyboard.press("Enter")
        figure.locator("[role=alert]:empty").wait_for(state="attached")
        # A refused question is an answer with status 422, which Chromium notes by itself.
        assert all("422" in fault for fault in seen.faults)


def test_a_network_learns_before_ones_eyes_and_goes_back_in_time(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "training")
        seen.settle()
        figure = seen.page.locator("[data-figure]").first
        curves = seen.page.locator(".curve svg")
        assert [each.text_content().count("Press Start") for each in curves.all()] == [1, 1]
        figure.get_by_role("button", name="Start", exact=True).click()
        seen.until("f => Number(f.dataset.drawn) > 40", figure.element_handle())
        figure.get_by_role("button", name="Pause").click()
        assert "Press Start" not in figure.text_content()
        figure.get_by_role("button", name="Go on", exact=True).wait_for()
        at = step_of(figure)
        figure.get_by_role("button", name="Undo").click()
        seen.until(f"f => f.innerText.includes('Step {at - 1}.')", figure.element_handle())
        seen.page.reload()
        seen.until(f"document.body.innerText.includes('Step {at - 1}.')")
        figure.get_by_label("Look back").focus()
        seen.page.keyboard.press("Home")
        figure.get_by_role("button", name="Go on from here").wait_for()
        assert step_of(figure) == 0
        assert seen.faults == []


def step_of(figure):
    return int(figure.locator(".says").inner_text().split()[1].strip("."))


def test_every_framework_prints_the_number_that_the_page_says(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "frameworks")
        seen.settle()
        figure = seen.page.locator("[data-figure]").first
        for name, module in (("NumPy", "numpy"), ("PyTorch", "torch")):
            figure.get_by_label("Framework").select_option(name)
            starts = f"f => f.querySelector('pre').textContent.startsWith('import {module}')"
            seen.until(starts, figure.element_handle())
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(figure.locator(".codes").inner_text(), {})
            said = figure.locator(".says").inner_text().split("prints ")[1].split(",")[0]
            said = float(said.replace("−", "-"))
            assert float(printed.getvalue()) == pytest.approx(said, rel=1e-5)
        assert seen.faults == []


def test_a_real_networks_layers_are_spelt_as_pytorch_takes_them(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "frameworks")
        seen.settle()
        figure = seen.page.locator("[data-figure=spellings]")
        scope = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(figure.locator("pre.spelled").inner_text(), scope)
        figure.locator("details.numbers summary").click()
        rows = figure.locator("details.numbers tbody tr")
        rows.first.wait_for()  # the table is filled when it is opened
        numbers = [row.locator("td").nth(3).inner_text() for row in rows.all()]
        counts = [int(number.replace(",", "")) for number in numbers]
        assert sum(each.numel() for each in scope["network"].parameters()) == sum(counts)
        for framework, word in (("ONNX", "Gemm"), ("Caffe", "InnerProduct")):
            figure.get_by_label("Framework").select_option(framework)
            seen.until(f"document.querySelector('pre.spelled').innerText.includes('{word}')")
            assert figure.locator("mark").count() >= 2
        assert seen.faults == []


def test_a_game_is_searched_and_won_by_keyboard(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "applications")
        seen.settle()
        slider = seen.page.get_by_label("Application")
        slider.focus()
        for _ in range(3):
            seen.page.keyboard.press("ArrowRight")
        seen.page.locator(".board").wait_for()
        for square in (1, 2, 5, 3):  # corner, edge, middle, the other corner
            seen.page.get_by_role("button", name=f"Square {square}:").focus()
            seen.page.keyboard.press("Enter")
            seen.page.locator(
                f"[aria-label='Square {square}: {'✕○'[square in (2, 3)]}']"
            ).wait_for()
        assert seen.page.get_by_role("button", name="Square 9: ✕ wins").count() == 1
        seen.page.get_by_role("button", name="Square 9:").focus()
        seen.page.keyboard.press("Enter")
        seen.page.get_by_text("✕ has won").wait_for()
        assert seen.faults == []


def test_the_page_and_its_python_train_the_same_weights(lab, browser):
    with watched(browser) as seen:
        seen.page.goto(lab + "training")
        seen.settle()
        figure = seen.page.locator("[data-figure]").first
        for _ in range(3):
            figure.get_by_role("button", name="One step").click()
        seen.until("f => f.innerText.includes('Step 3.')", figure.element_handle())
        figure.locator("details.code summary").click()
        code = figure.locator("details.code pre")
        seen.until("p => p.innerText.includes('range(3)')", code.element_handle())
        scope = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code.inner_text(), scope)
        loss = scope["scene"].look(scope["learner"].optimizer.weights)["loss"]
        said = float(figure.locator(".says").inner_text().split("Loss ")[1].split()[0])
        assert loss == pytest.approx(said, abs=6e-4)


def test_a_table_is_chosen_in_the_page_and_its_target_named(browser, tmp_path):
    table = tmp_path / "things.csv"
    rows = [f"{i % 7},{'abc'[i % 3]},{'yes' if i % 7 > 3 else 'no'}" for i in range(120)]
    table.write_text("size,letter,answer\n" + "\n".join(rows))
    with serving(application(TOKEN)) as address, watched(browser) as seen:
        seen.page.goto(address + "data")
        seen.settle()
        seen.page.locator("input[type=file]").set_input_files(table)
        seen.page.get_by_label("What is to be predicted").select_option("answer")
        seen.page.get_by_role("button", name="Open it in all chapters").click()
        seen.page.get_by_text("This is your table.").wait_for()
        seen.settle()
        assert "things.csv: 120 rows" in seen.page.locator(".says").first.inner_text()
        assert seen.faults == []
