"""The chapters on one's own table and model: what they read, what they answer, what they refuse."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from starlette.testclient import TestClient

from pellucid.errors import DataError, UsageError
from pellucid.lab.own import Own, own_of
from pellucid.lab.server import application
from pellucid.lab.taught import taught
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.scenes import build
from pellucid.lab.training.table import TableScene
from pictures import class_folders

TOKEN = "token-of-the-tests"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A table in which one column decides the answer and another says nothing."""
    random = np.random.default_rng(0)
    size, noise = random.normal(size=240), random.normal(size=240)
    frame = pl.DataFrame(
        {
            "row": [f"r{i:05}" for i in range(240)],
            "size": size.round(3),
            "noise": noise.round(3),
            "place": random.choice(["here", "there"], 240),
            "kind": np.where(size > 0, "large", "small"),
        }
    )
    path = tmp_path_factory.mktemp("own") / "things.csv"
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def client(file):
    app = application(TOKEN, own_of(str(file), "kind", None))
    with TestClient(app, base_url="http://127.0.0.1:8000") as made:
        yield made


def ask(client, what, **question):
    return client.post(f"/{TOKEN}/ask/{what}", json=question)


def test_the_columns_are_told_with_their_roles_and_reasons(client):
    found = ask(client, "columns").json()
    roles = {each["name"]: each["role"] for each in found["columns"]}
    assert roles == {
        "row": "left out",
        "size": "input",
        "noise": "input",
        "place": "input",
        "kind": "target",
    }
    assert found["rows"] == sum(found["split"]) == 240
    place = next(each for each in found["columns"] if each["name"] == "place")
    assert sum(count for _, count in place["bars"]) == 240


def test_a_row_is_shown_from_its_cells_to_the_networks_input(client):
    found = ask(client, "encoding", row=3).json()
    parts = {part["column"]: part for part in found["parts"]}
    assert set(parts) == {"size", "noise", "place"}
    assert float(parts["size"]["cell"]) == pytest.approx(
        parts["size"]["tensors"][0]["values"][0], abs=1e-6
    )
    assert found["width"] == sum(len(part["vector"]) for part in parts.values())


def test_the_column_that_decides_is_what_the_answer_rests_on(client):
    for row in range(3):
        found = ask(client, "inside", row=row).json()
        reasons = found["reasons"]
        shares = {each["name"]: sum(each["shares"]) for each in reasons["columns"]}
        assert max(shares, key=lambda name: abs(shares[name])) == "size"
        assert abs(shares["size"]) > 3 * abs(shares["noise"])
        total = sum(shares.values()) + reasons["gap"]
        assert total == pytest.approx(reasons["answer"] - reasons["nothing"], abs=1e-4)
        assert len(found["nearest"]) == 5 and not found["given"]


def test_a_neurons_terms_add_up_to_its_sum_in_every_layer(client):
    layers = ask(client, "unit").json()["layers"]
    assert layers[-1] == "output for kind"
    for layer in layers:
        found = ask(client, "unit", layer=layer, neuron=1, row=7).json()
        terms = sum(each["x"] * each["w"] for each in found["terms"])
        whole = terms + found["rest"]["sum"] + found["bias"]
        assert whole == pytest.approx(found["sum"], abs=1e-4)
        assert found["bends"] == layer.startswith("hidden")
        assert found["sum"] in found["others"]


def test_a_weight_matrix_comes_with_its_singular_values(client):
    found = ask(client, "matrix", layer="hidden layer 2").json()
    rows, columns = found["shape"]
    assert len(found["values"]) == len(found["shuffled"]) == min(rows, columns)
    squares = sum(value**2 for value in found["values"])
    entries = sum(value**2 for row in found["entries"] for value in row)
    assert squares == pytest.approx(entries, rel=1e-2)  # the Frobenius norm, either way
    assert squares == pytest.approx(sum(value**2 for value in found["shuffled"]), rel=1e-6)


def test_the_sums_before_a_bend_are_counted_neuron_by_neuron(client):
    found = ask(client, "sums", layer="hidden layer 1").json()
    assert sum(found["all"]) == sum(map(sum, found["each"])) == found["neurons"] * 36 * 4
    share = sum(map(sum, (bins[: len(bins) // 2] for bins in found["each"]))) / sum(found["all"])
    assert share == pytest.approx(sum(found["below"]) / found["neurons"], abs=1e-3)


def test_a_typed_sentence_is_answered_and_its_words_are_weighed(client):
    sentence = "The lamp is really wonderful."
    found = ask(client, "said", sentence=sentence).json()  # the table has no text: the lab's own
    assert found["column"] == "review"
    assert sum(chance for _, chance in found["levels"]) == pytest.approx(1, abs=1e-3)
    assert [word for word, _ in found["words"]] == sentence.split()
    assert ask(client, "said").status_code == 200


def test_more_rows_of_ones_own_are_learnt_part_by_part_and_judged_on_unseen_ones(client):
    found = [ask(client, "grown", share=share).json() for share in (0.05, 1.0)]
    few, all_ = (each["points"][0] for each in found)
    assert few["rows"] < 10 < all_["rows"] == 168
    assert all_["value"] > 0.85 > found[0]["simplest"]["value"] and all_["value"] > few["value"]
    for wrong in (0, 2, "x", None, True):
        answer = ask(client, "grown", share=wrong)
        assert answer.status_code == 422 or wrong is True


def test_ways_without_learning_and_with_features_by_hand_stand_beside_the_network(client):
    found = ask(client, "ways").json()
    values = {way["name"]: way["value"] for way in found["ways"]}
    assert values["the network"] > 0.85 and values["linear model"] > 0.85
    assert next(way for way in found["ways"] if way.get("simple"))["value"] < 0.7
    assert all(way["low"] <= way["value"] <= way["high"] for way in found["ways"])


def test_the_rows_are_seen_after_every_layer_and_cuts_judged_on_unseen_rows(client):
    found = ask(client, "seen").json()
    assert found["layers"][0]["name"] == "the input layers"
    for layer in found["layers"]:
        assert len(layer["points"]) == 2 * found["rows"]
        assert layer["cut"] > 0.8  # one column decides
    assert set(found["colours"]) == {0.0, 1.0} and found["levels"] == ["large", "small"]


def test_the_secant_of_a_real_loss_comes_near_the_gradient_and_then_rounds(client):
    found = ask(client, "along", which=0).json()
    slopes = [
        (ahead - found["here"]) / width
        for ahead, width in zip(found["ahead"], found["widths"], strict=True)
    ]
    errors = [abs(slope - found["gradient"]) for slope in slopes]
    best = min(errors)
    assert best < 0.02 * abs(found["gradient"])
    assert errors[0] > best < errors[-1]
    assert ask(client, "along", which=12).status_code == 422


def test_a_slice_of_the_loss_has_the_networks_own_loss_in_its_middle(client):
    found = ask(client, "slice", seed=3).json()
    losses = np.array(found["losses"])
    middle = losses[len(losses) // 2, len(losses) // 2]
    assert middle == pytest.approx(ask(client, "slice", seed=4).json()["losses"][7][7], abs=1e-5)
    assert losses.max() > 2 * middle  # learning has found a low place
    assert ask(client, "slice", seed=-1).status_code == 422


@pytest.mark.parametrize(
    ("question", "better"),
    [({"which": "driving", "bend": 0.5}, -1), ({"which": "phrase", "sentence": "she has"}, 1)],
)
def test_an_application_that_is_tried_beats_the_simple_way(client, question, better):
    found = ask(client, "tried", **question).json()
    assert better * (found["right"] - found["simple"]) > 0
    if question["which"] == "driving":
        assert found["answer"] == pytest.approx(found["true"], abs=6)
    assert ask(client, "tried", which="nothing").status_code == 422


def test_made_up_media_become_tensors_where_the_reader_has_none(client):
    parts = ask(client, "encoding", row=2, media=True).json()["parts"]
    assert [part["kind"] for part in parts][:2] == ["image", "audio"]
    for part in parts:
        assert part["picture"].startswith("data:image/") and len(part["vector"]) >= 64


def test_the_layers_of_ones_own_network_are_told_with_their_sizes(client):
    found = ask(client, "layers").json()
    sizes = [(each["inputs"], each["outputs"]) for each in found["layers"]]
    assert all(a[1] == b[0] for a, b in pairwise(sizes))
    assert sizes[-1][1] == 2 and [each["activation"] for each in found["layers"]][-1] == ""


@pytest.mark.parametrize(
    ("what", "question"),
    [
        ("unit", {"layer": "no such"}),
        ("unit", {"neuron": 10**6}),
        ("unit", {"neuron": "x"}),
        ("matrix", {"layer": 3}),
        ("sums", {"layer": "output for kind"}),
        ("dream", {"goal": 99}),
        ("dream", {"size": -1}),
        ("passing", {"row": -1}),
    ],
)
def test_what_a_network_has_not_is_a_sentence(client, what, question):
    answer = ask(client, what, **question)
    assert answer.status_code == 422 and len(answer.json()["fault"]) > 20


def test_without_pictures_of_ones_own_digits_go_through_the_layers(client):
    found = ask(client, "passing", row=2).json()
    assert found["kind"] == "image" and not found["given"]
    channels = [layer["shape"][0] for layer in found["layers"]]
    assert channels == sorted(channels) and found["filters"]["shape"] == [16, 1, 3, 3]
    for layer in found["layers"]:
        assert len(base64.b64decode(layer["maps"]["bytes"])) == np.prod(layer["maps"]["shape"])


def test_small_pictures_of_ones_own_pass_a_measured_layer_first(tmp_path):
    folder = class_folders(tmp_path / "stripes", 20, 32)
    app = application(TOKEN, own_of(str(folder), None, None))
    with TestClient(app, base_url="http://127.0.0.1:8000") as made:
        found = ask(made, "passing", row=1).json()
    assert found["measured"] and found["entered"]["shape"] == [8, 31, 31]
    assert found["filters"]["shape"] == [24, 8, 3, 3]
    sides = [layer["shape"][1] for layer in found["layers"]]
    assert sides == [15, 15, 7, 7, 3, 3]
    experience = made.app.state.own.experience
    network = TableScene(experience, {}).task.module
    weight = network.inputs[0].encoder.whitening.weight
    before = weight.clone()
    network.prepare(experience.store.batch, torch.as_tensor(experience.split.learn))
    assert weight.equal(before)


def test_a_dream_goes_uphill_and_changes_no_weight(client):
    found = ask(client, "dream", row=2, goal=3).json()
    chances = [answer[3] for answer in found["answers"]]
    assert chances[-1] > 0.9 > 0.5 > chances[0]
    assert ask(client, "dream", row=2, goal=3).json() == found


def test_a_network_learns_the_readers_table_before_their_eyes(client):
    scene = build({"scene": "table"}, client.app.state.own)
    learner = Learner(scene.task)
    before = scene.look(learner.optimizer.weights)
    for _ in range(100):
        learner.advance(Pace(0.003, 64))
    after = scene.look(learner.optimizer.weights)
    assert after["held"] < 0.5 * before["held"]
    assert after["map"].shape == (len(scene.shown), 2)


def test_looking_at_a_table_being_learnt_changes_no_weight(client):
    experience = client.app.state.own.experience
    ends = []
    for looks in (False, True):
        scene = TableScene(experience, {"seed": 4})
        learner = Learner(scene.task)
        for _ in range(20):
            learner.advance(Pace(0.003, 32))
            if looks:
                scene.look(learner.optimizer.weights)
        ends.append(learner.optimizer.weights.clone())
    assert torch.equal(*ends)


def test_a_row_that_is_not_there_is_a_sentence(client):
    for row in (-1, 240, "x", 10**9):
        answer = ask(client, "encoding", row=row)
        assert answer.status_code == 422
        assert "240" in answer.json()["fault"]


def test_a_neurons_terms_name_their_weights_as_explain_takes_them(client):
    for layer in ("hidden layer 1", "hidden layer 2", "output"):
        found = ask(client, "neurons", row=2, layer=layer, neuron=0).json()
        terms = sum(term["x"] * term["w"] for term in found["terms"])
        assert found["sum"] == pytest.approx(terms + found["rest"]["sum"] + found["bias"], abs=1e-4)
        worked = ask(client, "explained", row=2, weight=found["terms"][0]["weight"]).json()
        assert found["terms"][0]["weight"] in worked["html"]
    assert ask(client, "neurons", neuron=99).status_code == 422


def test_without_a_model_a_small_network_is_walked(client):
    assert ask(client, "answer", row=2).json() == {"model": False, "rows": 300}
    found = ask(client, "explained", row=2).json()
    assert "<math" in found["html"]
    assert ask(client, "explained", row=2, weight="nothing[0]").status_code == 422


def test_the_loss_of_a_model_is_smoothed_as_it_was_learnt(file, tmp_path):
    import pellucid

    folder = tmp_path / "things.pellucid"
    pellucid.learn(file, target="kind", minutes=0.03, output=folder, verbose=False)
    document = json.loads((folder / "model.json").read_text())
    losses = []
    for smoothing in (0.0, 0.5):
        document["plan"]["smoothing"] = smoothing
        (folder / "model.json").write_text(json.dumps(document))
        taught.cache_clear()
        app = application(TOKEN, own_of(str(folder), None, str(file)))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            middle = ask(client, "slice", seed=4).json()["losses"][7][7]
            losses.append((ask(client, "along", which=0).json()["here"], middle))
    taught.cache_clear()
    assert all(smoothed > plain + 0.05 for plain, smoothed in zip(*losses, strict=True))


def test_a_model_is_opened_with_rows_to_look_at(file, tmp_path, monkeypatch):
    import pellucid

    folder = tmp_path / "things.pellucid"
    pellucid.learn(file, target="kind", minutes=0.03, output=folder, verbose=False)
    app = application(TOKEN, own_of(str(folder), None, str(file)))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        found = ask(client, "answer", row=5).json()
        assert found["model"] and found["answer"]["kind"] in ("large", "small")
        assert found["cells"]["kind"] in ("large", "small")
        assert ask(client, "encoding", row=5).json()["learnt"]
        assert "<math" in ask(client, "explained", row=5).json()["html"]
        walked = ask(client, "neurons", row=5, layer="hidden layer 1", neuron=3).json()
        weight = walked["terms"][0]["weight"]
        assert weight in ask(client, "explained", row=5, weight=weight).json()["html"]
        assert ask(client, "ways").json()["ways"][-1]["name"] == "your model"
        assert ask(client, "history").json()["moments"]
        looked = ask(client, "inside", row=5).json()
        assert looked["given"] and looked["about"] == "your model"
        assert looked["numbers"] == list(range(240))
        assert ask(client, "unit", row=5).json()["about"] == "your model"
        monkeypatch.setattr("pellucid.lab.taught.MOST_ROWS", 4)
        taught.cache_clear()
        assert ask(client, "inside", row=5).status_code == 422
        assert ask(client, "neurons", row=5, layer="hidden layer 1", neuron=3).json() == walked
        taught.cache_clear()
    app = application(TOKEN, own_of(str(folder), None, None))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert "--rows" in ask(client, "answer", row=5).json()["fault"]


def test_what_cannot_be_opened_is_said_at_the_command_line(file):
    with pytest.raises(DataError, match="no column 'colour'"):
        own_of(str(file), "colour", None)
    with pytest.raises(UsageError, match="belong to a source"):
        own_of(None, "kind", None)
    with pytest.raises(UsageError, match="belongs to a model"):
        own_of(str(file), "kind", str(file))
    with pytest.raises(UsageError, match="--target"):
        _ = own_of(str(file), None, None).targets


def test_without_anything_a_sample_is_shown_and_said_to_be_one():
    own = Own()
    assert not own.given
    assert own.table.name == "sample:reviews"
    app = application(TOKEN)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert "You gave no table" in client.get(f"/{TOKEN}/data").text


@pytest.mark.parametrize("given", [False, True])
def test_the_surfaces_heights_are_the_networks_own_losses(client, given):
    if given:
        found = ask(client, "surface", rate=0.003).json()
    else:
        with TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as other:
            found = ask(other, "surface", rate=0.03).json()
            assert ask(other, "surface", rate=0).status_code == 422
    losses, path = np.array(found["losses"]), np.array(found["path"])
    assert found["heights"][-1] < 0.7 * found["heights"][0]
    assert 0.5 < found["share"] <= 1
    # The last point of the path lies in the plane itself, so the surface there has its loss.
    column = np.interp(path[-1, 0], found["x"], [0, losses.shape[1] - 1])
    row = np.interp(path[-1, 1], found["y"], [0, losses.shape[0] - 1])
    near = losses[int(row) : int(row) + 2, int(column) : int(column) + 2]
    assert near.min() - 0.05 <= found["heights"][-1] <= near.max() + 0.05


def test_a_table_chosen_in_the_page_is_opened_in_all_chapters(file):
    with TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as client:
        kept = client.post(
            f"/{TOKEN}/own/table?name=../../things.csv", content=file.read_bytes()
        ).json()
        assert kept == {
            "file": "things.csv",
            "columns": ["row", "size", "noise", "place", "kind"],
        }
        assert ask(client, "columns").json()["name"] == "sample:reviews"
        opened = client.post(f"/{TOKEN}/own/open", json={"file": "things.csv", "target": "kind"})
        assert opened.status_code == 200
        assert ask(client, "columns").json()["rows"] == 240
        folder = client.app.state.folder
        for wrong in ({"file": "../things.csv", "target": "colour"}, {"file": "/etc/passwd"}):
            answer = client.post(f"/{TOKEN}/own/open", json=wrong)
            assert answer.status_code == 422 and answer.json()["fault"]
        for name in ("x.pkl", "", "a.csv"):
            answer = client.post(f"/{TOKEN}/own/table?name={name}", content=b"")
            assert answer.status_code == 422 and answer.json()["fault"]
        assert client.post(f"/{TOKEN}/own/open", content=b"{").status_code == 422
        foreign = {"origin": "http://evil.example"}
        answer = client.post(f"/{TOKEN}/own/table?name=a.csv", content=b"a\n1", headers=foreign)
        assert answer.status_code == 403
    assert not Path(folder).exists()
