"""Watching, pausing, undoing and looking back change no weight; pictures come one at a time."""

from __future__ import annotations

import json
import queue
import struct
import threading
import time

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

from pellucid.errors import UsageError
from pellucid.lab.server import application
from pellucid.lab.training.frames import frame
from pellucid.lab.training.learner import KEYFRAMES, Learner, Pace
from pellucid.lab.training.plain import Plane, design
from pellucid.lab.training.projection import Projection
from pellucid.lab.training.scenes import build
from pellucid.lab.training.toys import TOYS
from pellucid.lab.training.worker import Worker
from pellucid.training.batches import Batches
from pellucid.training.descent import Schedule
from pellucid.training.loop import train
from pellucid.training.watch import Watch

TOKEN = "token-of-the-tests"
PACE = Pace(0.03, 16)


def unwatched(steps, **wishes):
    """The weights after so many steps of the loop that `learn` uses, on the same network."""
    scene = Plane(design(wishes))
    task = scene.task
    batches = Batches(task.learn, PACE.batch, task.seed)
    schedule = Schedule(
        PACE.rate, 10**9, 10**9, 10**9, warmup=1, decay=0.0, clip=None, stop_at=steps
    )
    train(
        task.module,
        lambda step: scene.loss(task.module, batches(step)),
        lambda: 0.0,
        schedule,
        task.seed,
        Watch(),
    )
    return torch.cat([p.detach().flatten() for p in task.module.parameters()])


def now(learner):
    return torch.cat([p.detach().flatten() for p in learner.task.module.parameters()])


class Reader:
    """A worker with someone before it who watches."""

    def __init__(self, **wishes):
        self.pictures = queue.Queue()
        self.worker = Worker(build, self.pictures.put)
        self.worker.start()
        self.wish("new", rate=PACE.rate, batch=PACE.batch, **wishes)
        assert "constant" in self.pictures.get(timeout=20)

    def wish(self, do, **more):
        self.worker.wishes.put({"do": do, **more})

    def picture(self):
        self.wish("next")
        return self.pictures.get(timeout=20)

    def until(self, step):
        """Watch it run to a step, picture by picture."""
        self.wish("run")
        while (seen := self.picture())["last"] < step:
            pass
        self.wish("pause")
        return seen

    def end(self):
        self.wish("close")
        self.worker.join(10)
        return self.worker.learner


def test_a_watched_run_ends_with_the_weights_of_an_unwatched_one():
    reader = Reader(data="moons", hidden=[6, 5], seed=3)
    reader.until(40)
    reader.wish("undo")
    reader.wish("undo")
    reader.wish("step")
    reader.wish("look", step=5)
    reader.picture()
    reader.wish("look", step=10**6)
    reader.until(55)
    learner = reader.end()
    assert learner.step >= 55
    expected = unwatched(learner.step, data="moons", hidden=[6, 5], seed=3)
    assert torch.equal(now(learner), expected)


def test_going_back_and_doing_over_ends_in_the_same_place_even_when_the_pace_changed():
    learner = Learner(Plane(design({})).task)
    weights = []
    for step in range(4 * KEYFRAMES):
        learner.advance(Pace(0.01 if step < 50 else 0.1, 16 if step < 90 else 8, "plain"))
        weights.append(now(learner))
    assert len(learner.keyframes) <= KEYFRAMES + 1
    for back in (200, 120, 61, 1):
        learner.go_back(back)
        assert learner.step == back
        assert torch.equal(now(learner), weights[back - 1])


def test_going_on_from_a_step_of_the_past_forgets_what_came_later():
    reader = Reader()
    reader.until(30)
    reader.wish("look", step=7)
    seen = reader.picture()
    assert seen["step"] == 7 and not seen["latest"] and seen["last"] >= 30
    reader.wish("resume")
    reader.wish("pause")
    seen = reader.picture()
    assert seen["latest"] and seen["last"] < 30
    assert all(point[0] <= seen["last"] for point in seen["curve"])
    reader.end()


def test_no_picture_comes_that_was_not_asked_for():
    reader = Reader(stride=0)
    reader.wish("run")
    reader.picture()
    with pytest.raises(queue.Empty):
        reader.pictures.get(timeout=0.2)
    reader.end()


@pytest.mark.parametrize(
    ("data", "wishes", "share"),
    [
        ("clouds", {"hidden": []}, 0.97),
        ("circle", {"hidden": [4, 4]}, 0.95),
        ("circle", {"hidden": [], "features": ["x²", "y²"]}, 0.95),
        ("corners", {"hidden": [4, 4]}, 0.9),
        ("moons", {"hidden": [6, 6]}, 0.9),
    ],
)
def test_a_network_that_fits_the_data_learns_them(data, wishes, share):
    scene = Plane(design({"data": data, "noise": 0.1, **wishes}))
    learner = Learner(scene.task)
    for _ in range(600):
        learner.advance(PACE)
    assert scene.look(learner.optimizer.weights)["held_right"] >= share


def test_without_a_hidden_layer_no_line_tells_the_corners_apart():
    scene = Plane(design({"data": "corners", "hidden": [], "noise": 0.1}))
    learner = Learner(scene.task)
    for _ in range(400):
        learner.advance(PACE)
    assert scene.look(learner.optimizer.weights)["right"] < 0.7


def test_without_activation_any_depth_is_one_straight_cut():
    scene = Plane(design({"hidden": [5, 5, 5], "activation": "none", "data": "circle"}))
    learner = Learner(scene.task)
    for _ in range(100):
        learner.advance(PACE)
    scene.look(learner.optimizer.weights)
    places = torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
    with torch.no_grad():
        first, middle, last = scene.twin.module(places)
    assert torch.allclose(middle, (first + last) / 2, atol=1e-5)


def test_half_of_the_points_have_each_colour_and_all_lie_in_sight():
    for name in TOYS:
        scene = Plane(design({"data": name, "noise": 0.0}))
        assert abs(float(scene.colours.mean())) < 0.2, name
        assert float(scene.places.abs().max()) < 6, name


def test_the_two_directions_of_most_variance_are_found():
    random = np.random.default_rng(0)
    rows = random.normal(size=(400, 6)) * [1, 9, 1, 1, 5, 1]
    flat = Projection()(rows.astype(np.float32))
    assert abs(np.corrcoef(flat[:, 0], rows[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(flat[:, 1], rows[:, 4])[0, 1]) > 0.98


@pytest.mark.parametrize(
    "wishes",
    [
        {"data": "nothing"},
        {"features": []},
        {"features": ["z"]},
        {"hidden": [1000]},
        {"hidden": [1] * 9},
        {"activation": "softmax"},
        {"features": 3},
        {"hidden": "44"},
        {"hidden": [2.5]},
        {"noise": "loud"},
        {"seed": None},
        {"seed": float("inf")},
    ],
)
def test_a_network_that_cannot_be_made_is_refused_with_a_sentence(wishes):
    with pytest.raises(UsageError):
        Plane(design(wishes))


def read(message):
    size = struct.unpack("<I", message[:4])[0]
    return json.loads(message[4 : 4 + size]), message[4 + size :]


def test_a_frame_holds_its_arrays_where_its_head_says():
    picture = {
        "step": 3,
        "loss": float("nan"),
        "maps": [np.arange(5, dtype=np.uint8), np.ones((2, 2))],
    }
    head, body = read(frame(picture))
    assert head["loss"] is None
    second = head["maps"][1]
    assert second["array"] == "float32" and second["shape"] == [2, 2]
    assert np.frombuffer(body, np.float32, 4, second["start"]).tolist() == [1, 1, 1, 1]


def test_a_page_trains_over_a_web_socket_and_a_wrong_wish_is_a_sentence():
    with (
        TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as client,
        client.websocket_connect(f"ws://127.0.0.1:8000/{TOKEN}/training") as socket,
    ):
        socket.send_text("nonsense")
        assert "knows no wish None" in read(socket.receive_bytes())[0]["fault"]
        socket.send_json({"do": "set", "stride": "fast"})
        assert "stride is a whole number" in read(socket.receive_bytes())[0]["fault"]
        socket.send_json({"do": "new", "hidden": [9999]})
        assert "512" in read(socket.receive_bytes())[0]["fault"]
        socket.send_json({"do": "new", "data": "clouds"})
        assert read(socket.receive_bytes())[0]["constant"]["parameters"] == 37
        socket.send_json({"do": "step"})
        socket.send_json({"do": "next"})
        head, body = read(socket.receive_bytes())
        assert head["step"] == 1 and len(body) > 48 * 48


def picture(socket):
    socket.send_json({"do": "next"})
    return read(socket.receive_bytes())[0]


def test_a_page_that_is_loaded_again_finds_its_network_paused_where_it_was():
    place = f"ws://127.0.0.1:8000/{TOKEN}/training"
    with TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as client:
        with client.websocket_connect(f"{place}?name=mine") as socket:
            socket.send_json({"do": "new", "data": "clouds", "page": {"data": "clouds"}})
            assert read(socket.receive_bytes())[0]["constant"]
            for _ in range(3):
                socket.send_json({"do": "step"})
            before = picture(socket)
            assert before["step"] == 3
            socket.send_json({"do": "run"})
        with client.websocket_connect(f"{place}?name=mine") as socket:
            socket.send_json({"do": "new", "resume": True})
            head = read(socket.receive_bytes())[0]
            assert head["page"] == {"data": "clouds"} and head["constant"]["parameters"] == 37
            again = picture(socket)
            assert again["step"] >= 3 and not again["running"]
            assert again["curve"][0] == before["curve"][0]
            socket.send_json({"do": "undo"})
            assert picture(socket)["step"] == again["step"] - 1
            socket.send_json({"do": "look", "step": 0})
            looked = picture(socket)
            assert looked["step"] == 0 and looked["last"] == again["step"] - 1
        with client.websocket_connect(f"{place}?name=other") as socket:
            socket.send_json({"do": "new", "resume": True})
            assert "page" not in read(socket.receive_bytes())[0]


def test_a_page_that_comes_back_before_it_has_gone_away_finds_its_training():
    place = f"ws://127.0.0.1:8000/{TOKEN}/training?name=quick"
    with TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as client:
        state = client.app.state
        with client.websocket_connect(place) as socket:
            socket.send_json({"do": "new", "data": "clouds", "page": {"data": "clouds"}})
            socket.receive_bytes()
        while "quick" not in state.trainings:
            time.sleep(0.01)
        worker = state.trainings.pop("quick")
        state.watched.add("quick")  # as if the server had not heard yet that the page is gone

        def gone():
            state.trainings["quick"] = worker
            state.watched.discard("quick")

        threading.Timer(0.3, gone).start()
        with client.websocket_connect(place) as socket:
            socket.send_json({"do": "new", "resume": True})
            assert read(socket.receive_bytes())[0]["page"] == {"data": "clouds"}


def test_a_page_of_another_site_may_not_watch():
    from starlette.websockets import WebSocketDisconnect

    with TestClient(application(TOKEN), base_url="http://127.0.0.1:8000") as client:
        for path, origin in ((TOKEN, "http://evil.example"), ("guess", "http://127.0.0.1:8000")):
            with (
                pytest.raises(WebSocketDisconnect),
                client.websocket_connect(
                    f"ws://127.0.0.1:8000/{path}/training", headers={"origin": origin}
                ),
            ):
                pass
