"""Near copies of pictures are on no two sides, and folds do not part them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import torch

from pellucid.copies import without_copies
from pellucid.data.splitting import Split
from pellucid.errors import Mends
from pellucid.kinds.image import Image
from pellucid.schema import Schema
from pellucid.store import build_store
from pictures import encoded, scene


def test_near_copies_leave_the_proving_side():
    made = [scene(i, 32) for i in range(26)]
    made += [made[3].resize((24, 24)), made[4]]  # rows 26 and 27 copy rows 3 and 4
    cells = pl.DataFrame({"photo": [encoded(each) for each in made]})
    kind = Image.fit(cells)
    store = build_store([kind.encode(cells, Mends())])
    schema = Schema((kind,), (), {})
    split = Split(np.arange(12), np.arange(12, 16), np.arange(16, 28), "at random")
    rest, _, warnings = without_copies(schema, store, split, np.arange(28), False)
    assert rest.prove.tolist() == [*range(16, 26)]
    assert (rest.learn.tolist(), rest.choose.tolist()) == ([*range(12)], [*range(12, 16)])
    assert not warnings
    assert rest.how.startswith("at random; 2 rows to choose or to prove on are left out")
    kept, _, (warned,) = without_copies(schema, store, split, np.arange(28), True)
    assert kept == split
    assert warned.startswith("2 of 12 rows to prove on look like copies")
    others = Split(
        np.arange(12), np.array([12, 13, 14, 15, 26, 27]), np.arange(16, 26), "by the column 'part'"
    )
    assert not without_copies(schema, store, others, np.arange(28), True)[2]


def test_a_single_copy_is_found_too():
    cells = pl.DataFrame({"photo": [encoded(scene(i % 11, 32)) for i in range(12)]})
    kind = Image.fit(cells)
    store = build_store([kind.encode(cells, Mends())])
    split = Split(np.arange(4), np.arange(4, 6), np.arange(6, 12), "at random")
    rest, _, _ = without_copies(Schema((kind,), (), {}), store, split, np.arange(12), False)
    assert rest.prove.tolist() == [6, 7, 8, 9, 10]
    assert rest.how.endswith("1 row to choose or to prove on is left out, for it nearly copies one "
                             "of another side")  # fmt: skip


class Pointing:
    """Cells that are directions: they nearly copy one another within 4.4 degrees."""

    kind = "image"

    def likeness(self, raw):
        angle = torch.deg2rad(raw["degrees"])
        return torch.stack([angle.cos(), angle.sin()], -1)


def without_copies_of(degrees, split, blocks=None, stays=False):
    store = build_store([{"degrees": np.array(degrees, np.float32)[:, None]}])
    blocks = np.arange(len(degrees)) if blocks is None else np.array(blocks)
    return without_copies(SimpleNamespace(media=(Pointing(),)), store, split, blocks, stays)


#   learnt from: rows 0 to 5           chosen on: 6 to 9     proved on: 10 to 15
APART = [0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240, 260, 280, 300]
SIDES = Split(np.arange(6), np.arange(6, 10), np.arange(10, 16), "by groups")


def test_a_near_copy_does_not_bring_its_group_to_two_sides():
    degrees = list(APART)
    degrees[12] = 41  # of a group that proves, and nearly row 2
    degrees[7] = 61  # of a group that chooses, and nearly row 3
    groups = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    rest, blocks, warnings = without_copies_of(degrees, SIDES, groups)
    assert rest.learn.tolist() == [0, 1, 2, 3, 4, 5]
    assert (rest.choose.tolist(), rest.prove.tolist()) == ([6, 8, 9], [10, 11, 13, 14, 15])
    assert not warnings
    sides = [set(blocks[rows]) for rows in (rest.learn, rest.choose, rest.prove)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_no_chain_of_copies_is_left_across_the_sides():
    degrees = list(APART)
    degrees[11:13] = 123, 126  # 123 is like 120, which is chosen on, and 126 like 123 alone
    rest, blocks, _ = without_copies_of(degrees, SIDES)
    assert rest.prove.tolist() == [10, 12, 13, 14, 15]
    assert without_copies_of(degrees, rest, blocks)[0] == rest


def test_copies_to_learn_from_are_not_parted_by_folds():
    degrees = list(APART)
    degrees[1], degrees[5], degrees[8] = 43, 46, 61
    for stays in (False, True):
        _, blocks, _ = without_copies_of(degrees, SIDES, stays=stays)
        assert blocks[1] == blocks[2] == blocks[5]
        assert blocks[3] == blocks[8]
        assert len(set(blocks)) == 13
    alike = [0, 1, 2, 3, 4, 5, *APART[6:]]  # half of the rows are no copies but the subject
    assert len(set(without_copies_of(alike, SIDES)[1])) == 16


def test_too_many_rows_to_look_for_copies_are_told(monkeypatch):
    degrees = [*APART[:15], 41]
    monkeypatch.setattr("pellucid.copies.MOST_PRODUCTS", 10 * 16 * 2 - 1)
    split, _, (warned,) = without_copies_of(degrees, SIDES)
    assert split == SIDES
    assert warned.startswith("16 rows are too many to look for near copies of pictures")
    monkeypatch.setattr("pellucid.copies.MOST_PRODUCTS", 10 * 16 * 2)
    assert without_copies_of(degrees, SIDES)[0].prove.tolist() == [10, 11, 12, 13, 14]


def test_the_search_for_copies_takes_as_few_rows_at_once_as_there_are_many(monkeypatch):
    degrees = [*APART[:9], 61, *APART[10:14], 41, 300]
    whole = without_copies_of(degrees, SIDES)
    monkeypatch.setattr("pellucid.copies.MOST_AT_ONCE", 25)  # two rows beside ten
    pieces = without_copies_of(degrees, SIDES)
    assert pieces[0].prove.tolist() == whole[0].prove.tolist() == [10, 11, 12, 13, 15]
    assert pieces[0].choose.tolist() == whole[0].choose.tolist() == [6, 7, 8]
    assert np.array_equal(pieces[1], whole[1])
