"""Reading a table from every kind of source, with every fault counted or named."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import os
import sqlite3
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.data import sources, spool
from pellucid.data.databases import Query
from pellucid.data.reading import read
from pellucid.data.table import Table
from pellucid.errors import DataError, Mends, PellucidError

PIECES = ["a", "1", " ", ",", '"', "\n", "\r\n", "é", ";"]
CELL = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read_text(
    folder: Path, text: str | bytes, name: str = "t.csv", **options: str
) -> tuple[Table, dict[str, int]]:
    """The table of a file with this text, and how often each fault was mended."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    mends = Mends()
    table = read(path, mends, **options)  # type: ignore[arg-type]
    faults = dict.fromkeys((mend.fault for mend in mends.found), 0)
    for mend in mends.found:
        faults[mend.fault] += mend.count
    return table, faults


def rows_of(table: Table) -> list[tuple[object, ...]]:
    return table.lazy.collect().rows()


def error_of(source: object) -> str:
    with pytest.raises(PellucidError) as caught:
        read(source, Mends())
    return str(caught.value)


# Delimited text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_each_separator_is_recognised(tmp_path: Path, separator: str) -> None:
    text = "name,price,note\nx,1.5,good\ny,2.5,so so\n".replace(",", separator)
    table, faults = read_text(tmp_path, text)
    assert table.columns == ["name", "price", "note"]
    assert rows_of(table) == [("x", "1.5", "good"), ("y", "2.5", "so so")]
    assert faults == {}


def test_a_decimal_comma_does_not_part_fields(tmp_path: Path) -> None:
    table, _ = read_text(tmp_path, "a;b\n1,5;2,5\n3,5;4,5\n")
    assert rows_of(table) == [("1,5", "2,5"), ("3,5", "4,5")]


def test_one_column_of_text_keeps_its_commas(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, "text\nHello, world\nNo comma here\nOne, two, three\n")
    assert rows_of(table) == [("Hello, world",), ("No comma here",), ("One, two, three",)]
    assert faults == {}


def test_cells_stay_as_written_and_empty_ones_are_null(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, 'a,b,c\n 01 ,"x, ""y""\nz",NA\n,"",1e5\n')
    assert rows_of(table) == [(" 01 ", 'x, "y"\nz', "NA"), (None, None, "1e5")]
    assert faults == {}


def test_records_of_another_width_are_skipped_and_named_by_line(tmp_path: Path) -> None:
    text = 'a,b\n1,2\n3\n\n4,"5\n6"\n7,8,9\n10,11\n'
    table, faults = read_text(tmp_path, text)
    assert rows_of(table) == [("1", "2"), ("4", "5\n6"), ("10", "11")]
    assert [table.place(row) for row in range(3)] == ["line 2", "line 5", "line 8"]
    assert faults == {
        "fewer fields than the header": 1,
        "more fields than the header": 1,
        "blank line": 1,
    }


def test_records_of_another_width_can_be_mended_to_keep_every_row(tmp_path: Path) -> None:
    mends = Mends()
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3\n7,8,9\n")
    table = read(path, mends, ragged="mend")
    assert rows_of(table) == [("1", "2"), ("3", None), ("7", "8")]
    assert [str(mend) for mend in mends.found] == [
        "1 × fewer fields than the header, missing fields left empty (line 3)",
        "1 × more fields than the header, the fields beyond it cut off (line 4)",
    ]


def test_strict_makes_the_first_mend_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3\n5,6\n")
    with pytest.raises(DataError, match=r"fewer fields.*line 3.*strict"):
        read(path, Mends(strict=True))


def test_mostly_ragged_text_is_an_error_that_shows_a_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2,3\n1,2,3,4\n1\n" * 5)
    assert "most rows do not have the 2 fields" in error_of(path)
    assert "line 2 has 3" in error_of(path)


@QUICK
@given(
    st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=8), st.integers(24, 200), st.data()
)
def test_rows_and_lines_agree_with_pythons_own_reader(
    tmp_path: Path, rows: list[list[str]], chunk: int, data: st.DataObject
) -> None:
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=quoting, lineterminator=ending)
    writer.writerows([["name", "size"], *[["x", "y"]] * 10])
    for row in rows:
        writer.writerow(row)
        file.write(ending * data.draw(st.integers(0, 1)))
    text = file.getvalue()

    expected, odd, start = [], 0, 1
    reader = csv.reader(io.StringIO(text, newline=""))
    for record in reader:
        if len(record) == 2 and start > 1:
            expected.append((tuple(cell or None for cell in record), f"line {start}"))
        odd += len(record) not in (0, 2)
        start = reader.line_num + 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK_BYTES", chunk)
        table, faults = read_text(tmp_path, text)
    found = [(cells, table.place(row)) for row, cells in enumerate(rows_of(table))]
    assert found == expected
    assert sum(count for fault, count in faults.items() if "fields than" in fault) == odd


def parsed_slowly(text: str) -> list[tuple[list[str], int]]:
    """Fields and first line of each record: quotes count only around a whole field."""
    records, fields, line, start, at = [], [], 1, 1, 0
    while at < len(text):
        end = at + 1
        while text[at] == '"' and (end := text.find('"', end)) >= 0 and text[end + 1] == '"':
            end += 2
        rest = text[end + 1 :]
        if text[at] == '"' and end > 0 and rest.startswith((",", "\n", "\r\n")):
            field, at = text[at + 1 : end].replace('""', '"'), end + 1
        else:
            end = next(i for i in range(at, len(text)) if text[i] in ",\n")
            field, at = text[at:end].removesuffix("\r" if text[end] == "\n" else ""), end
        line += field.count("\n")
        fields.append(field)
        at += text[at] == "\r"
        if text[at] == "\n":
            records.append((fields, start))
            line += 1
            fields, start = [], line
        at += 1
    return records


@QUICK
@given(
    st.lists(st.sampled_from([*PIECES, '"\n', '",', ',"', '""', '\n"']), max_size=25),
    st.integers(24, 99),
)
def test_stray_quotes_are_letters_and_swallow_no_row(
    tmp_path: Path, pieces: list[str], chunk: int
) -> None:
    text = "name,size\n" + "x,y\n" * 15 + "".join(pieces) + "\n"
    expected = [
        (tuple(field or None for field in fields), f"line {line}")
        for fields, line in parsed_slowly(text)[1:]
        if len(fields) == 2
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK_BYTES", chunk)
        table, _ = read_text(tmp_path, text)
    assert [(row, table.place(i)) for i, row in enumerate(rows_of(table))] == expected


def test_quotes_without_partner_stay_and_are_counted(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, 'name,size\n5" disk,3\n"open,4\n7,"x, y"\n8,9\n')
    assert rows_of(table) == [('5" disk', "3"), ('"open', "4"), ("7", "x, y"), ("8", "9")]
    assert faults == {"quote without its partner": 2}


def test_text_without_header_gets_numbered_columns(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, "5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.2,virginica\n")
    assert table.columns == ["column_1", "column_2", "column_3"]
    assert table.height == 3
    assert table.place(0) == "line 1"
    assert faults == {"no header": 1}


@pytest.mark.parametrize("header", ["place,2014,2015,2016", "0,1,2,3", ",x,y,z"])
def test_years_and_positions_can_be_names(tmp_path: Path, header: str) -> None:
    table, faults = read_text(tmp_path, f"{header}\n7,1.5,2.5,3.5\n8,4.5,5.5,6.5\n")
    assert table.height == 2
    assert "no header" not in faults


def test_names_are_made_unique_and_complete(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, "x,x, x_2 ,,x\n1,2,3,4,5\n")
    assert table.columns == ["x", "x_3", "x_2", "column_4", "x_4"]
    assert (
        faults == {"name used before": 1, "column without a name": 1} or sum(faults.values()) == 3
    )


def test_lines_above_the_header_are_left_out_and_counted(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, "Report 2024\n\na,b,c\n1,2,3\n4,5,6\n")
    assert table.columns == ["a", "b", "c"]
    assert table.place(0) == "line 4"
    assert faults == {"line above the header": 1}


def test_a_header_with_one_name_too_few_gets_one(tmp_path: Path) -> None:
    names_of_rows, _ = read_text(tmp_path, "x,y\nr1,1,2\nr2,3,4\n")
    assert names_of_rows.columns == ["column_1", "x", "y"]
    closing_separator, _ = read_text(tmp_path, "x,y\n1,2,\n3,4,\n")
    assert closing_separator.columns == ["x", "y", "column_3"]


# Encodings and bytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_unicode_encodings_need_no_mend(tmp_path: Path, encoding: str) -> None:
    table, faults = read_text(tmp_path, "größe,b\nklein,日本\nweit,ß\n".encode(encoding))
    assert rows_of(table) == [("klein", "日本"), ("weit", "ß")]
    assert table.columns == ["größe", "b"]
    assert faults == {}


def test_bytes_that_are_not_utf8_are_read_as_windows_1252_and_counted(tmp_path: Path) -> None:
    text = "a,b\n" + "x,y\n" * 50 + "Größe,5 €\n"
    table, faults = read_text(tmp_path, text.encode("cp1252"))
    assert rows_of(table)[-1] == ("Größe", "5 €")
    assert faults == {"byte that is not UTF-8": 3}


def test_a_broken_byte_in_utf8_text_is_replaced_and_counted(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, "a,b\nÄÖÜ,é\n".encode() + b"x\xff,y\n")
    assert rows_of(table) == [("ÄÖÜ", "é"), ("x\ufffd", "y")]
    assert faults == {"byte that is not utf-8": 1}


def test_nul_bytes_are_removed_and_counted(tmp_path: Path) -> None:
    table, faults = read_text(tmp_path, b"a,b\n1\0,2\n3,\0\n")
    assert rows_of(table) == [("1", "2"), ("3", None)]
    assert faults == {"NUL byte": 2}


def test_carriage_returns_alone_end_lines(tmp_path: Path) -> None:
    table, _ = read_text(tmp_path, "a,b\r1,2\r3,4\r")
    assert rows_of(table) == [("1", "2"), ("3", "4")]


def test_ten_megabytes_in_one_cell(tmp_path: Path) -> None:
    long = "many words, " * 900_000
    table, faults = read_text(tmp_path, f'a,b\n1,"{long}"\n2,short\n')
    assert table.column("b").to_list() == [long, "short"]
    assert faults == {}


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv"])
def test_gzip_is_told_by_its_bytes(tmp_path: Path, name: str) -> None:
    table, _ = read_text(tmp_path, gzip.compress(b"a,b\n1,2\n"), name)
    assert rows_of(table) == [("1", "2")]


def test_zstd_is_decompressed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write('a,b\né,"2\n3"\n\n4,5\n'.encode())
    table = read(path, Mends())
    assert rows_of(table) == [("é", "2\n3"), ("4", "5")]
    assert table.place(1) == "line 5"


# Larger than memory


def test_a_large_file_goes_to_disk_and_the_copy_goes_with_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "a,b\n" + "".join(f"{row},text {row}\n" for row in range(5_000))
    monkeypatch.setattr(sources, "CHUNK_BYTES", 4_000)
    monkeypatch.setattr(spool, "MEMORY_BYTES", 50_000)
    monkeypatch.setattr(spool, "PART_BYTES", 20_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    table, _ = read_text(tmp_path, text)
    assert len(list((tmp_path / "copies").glob("*/*.parquet"))) > 5
    assert table.height == 5_000
    assert table.column("a").to_list() == [str(row) for row in range(5_000)]
    assert table.take([4_999, 0, 77, 77])["b"].to_list() == [
        "text 4999", "text 0", "text 77", "text 77"
    ]  # fmt: skip
    assert table.place(4_999) == "line 5,001"
    del table
    gc.collect()
    assert list((tmp_path / "copies").iterdir()) == []


def test_no_room_for_the_copy_is_an_error_that_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 10)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    assert "set TMPDIR" in error_of(tmp_path / "t.csv")


def test_batches_hold_all_rows_in_order_whatever_their_size(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": range(1_000), "b": ["x"] * 1_000}).write_parquet(path, row_group_size=64)
    table = read(path, Mends())
    for size in (1, 100, 333, 5_000):
        frames = list(table.batches(["a"], size))
        assert pl.concat(frames)["a"].to_list() == list(range(1_000))
        assert {frame.height for frame in frames[:-1]} <= {size}


def test_taking_no_rows_gives_an_empty_frame_with_the_columns() -> None:
    table = read({"a": [1, 2], "b": ["x", "y"]}, Mends())
    assert table.take([]).schema == {"a": pl.Int64, "b": pl.String}


# Other files


def test_typed_files_keep_their_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"a": [1, None], "b": ["x", None], "c": [0.5, float("nan")], "d": [True, None]}
    )
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    frame.write_ipc_stream(tmp_path / "t.arrows")
    for name in ("t.parquet", "t.arrow", "t.arrows"):
        assert read(tmp_path / name, Mends()).lazy.collect().equals(frame)


def test_json_lines_of_differing_records(tmp_path: Path) -> None:
    text = '{"a": 1, "b": {"c": "x"}}\n\n{"a": 2.5, "d": [1, 2]}\n{"a": null}\n'
    table, faults = read_text(tmp_path, text, "t.jsonl")
    assert table.lazy.collect().to_dict(as_series=False) == {
        "a": [1.0, 2.5, None],
        "b.c": ["x", None, None],
        "d": [None, "[1, 2]", None],
    }
    assert table.place(1) == "line 3"
    assert faults == {}


@pytest.mark.parametrize(("ragged", "expected"), [("skip", [1, 3]), ("mend", [1, None, 3])])
def test_lines_that_are_no_json_are_counted(
    tmp_path: Path, ragged: str, expected: list[int]
) -> None:
    table, faults = read_text(tmp_path, '{"a": 1}\n{"a":\n{"a": 3}\n', "t.jsonl", ragged=ragged)
    assert table.column("a").to_list() == expected
    assert faults == {"line that is no JSON record": 1}


def test_json_types_that_change_late_in_a_file_widen_the_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CHUNK_BYTES", 64)
    text = '{"a": 1}\n' * 20 + '{"a": "x", "b": 2}\n'
    table, _ = read_text(tmp_path, text, "t.jsonl")
    assert table.column("a").to_list() == ["1"] * 20 + ["x"]
    assert table.column("b").to_list() == [None] * 20 + [2]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, {"a": 2}]', '{"a": [1, 2]}', '{"a": 1}\n{"a": 2}\n', '[{"a":1},\n{"a":2}]']
)
def test_json_files_of_any_usual_shape(tmp_path: Path, text: str) -> None:
    table, _ = read_text(tmp_path, text, "t.json")
    assert table.column("a").to_list() == [1, 2]


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """The least that is an Excel file."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/s{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
        )
        for i, rows in enumerate(sheets.values(), 1):
            cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            file.writestr(
                f"xl/worksheets/s{i}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
            )


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return "<c/>" if value is None else f"<c><v>{value}</v></c>"


def test_the_first_sheet_of_a_workbook_is_read_and_the_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_workbook(
        path,
        {"one": [["name", "size"], ["x", 2.5], [None, None], ["5", None]], "two": [["q"], [1]]},
    )
    mends = Mends()
    assert rows_of(read(path, mends)) == [("x", "2.5"), ("5", None)]
    assert {mend.fault for mend in mends.found} == {"sheet after the first", "empty row"}


def test_a_missing_extra_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.xlsx"
    write_workbook(path, {"one": [["a"], [1]]})
    monkeypatch.setitem(__import__("sys").modules, "fastexcel", None)
    assert 'pip install "pellucid[excel]"' in error_of(path)
    monkeypatch.setitem(__import__("sys").modules, "connectorx", None)
    assert 'pip install "pellucid[sql]"' in error_of(Query("select 1", "postgresql://here/x"))


def test_sqlite_is_queried_by_path_url_and_connection(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table sale (item text, price real)")
        connection.executemany("insert into sale values (?, ?)", [("x", 1.5), ("y", None)])
    asked = [path, str(path), f"sqlite:///{path}", connection]
    for place in asked:
        table = read(Query("select * from sale order by item", place), Mends())
        assert rows_of(table) == [("x", 1.5), ("y", None)]
    assert rows_of(read(path, Mends())) == [("x", 1.5), ("y", None)]
    assert "no such column: weight" in error_of(Query("select weight from sale", path))
    connection.close()


# Frames


def test_pandas_columns_of_every_type_arrive() -> None:
    frame = pd.DataFrame(
        {
            "mixed": [1, "x", None],
            "zone": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).tz_localize("Europe/Berlin"),
            "category": pd.Categorical(["u", None, "v"]),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "number": [1.5, np.nan, 2.0],
            7: ["p", "q", None],
        },
        index=[5, 6, 7],
    )
    mends = Mends()
    found = read(frame, mends).lazy.collect()
    assert found.columns == ["mixed", "zone", "category", "whole", "number", "7"]
    assert found["mixed"].to_list() == ["1", "x", None]
    assert found["category"].to_list() == ["u", None, "v"]
    assert found["whole"].to_list() == [1, None, 3]
    assert found["number"].to_list() == [1.5, None, 2.0]
    assert str(found["zone"][0]) == "2020-01-01 00:00:00+01:00"
    assert [mend.column for mend in mends.found] == ["mixed"]


@pytest.mark.parametrize(
    "source",
    [
        {"a": [1, 2], "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.LazyFrame({"a": [1, 2], "b": ["x", "y"]}),
        pa.table({"a": [1, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    ],
    ids=lambda source: type(source).__module__ + "." + type(source).__name__,
)
def test_tables_in_memory(source: object) -> None:
    table = read(source, Mends())
    assert rows_of(table) == [(1, "x"), (2, "y")]
    assert table.place(1) == "row 2"


def test_arrays_get_numbered_columns() -> None:
    assert read(np.eye(2), Mends()).columns == ["column_1", "column_2"]


def test_equal_names_in_a_frame_are_parted() -> None:
    mends = Mends()
    assert read(pd.DataFrame([[1, 2]], columns=["a", "a"]), mends).columns == ["a", "a_2"]
    assert len(mends.found) == 1


# What cannot be read


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"\n\n", "only blank lines"),
        (b"a,b\n", "no rows"),
        (b"\x89PNG\r\n\x1a\n0000", "is a PNG picture"),
        (b"PK\x05\x06", "does not look like text"),
        (b"PK\x03\x04 cut short", "damaged ZIP"),
        (b"\x80\x04\x95pickled", "Python pickle"),
        (bytes(range(256)) * 20, "does not look like text"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 999, mtime=0)[:-30], "damaged"),
        (b"PAR1 cut short", "damaged"),
        (b"ARROW1 cut short", "damaged"),
        (b"\xd0\xcf\x11\xe0 old", "cannot be read as an Excel file"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_the_reason(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert expected in error_of(path)
    assert str(path) in error_of(path)


@pytest.mark.parametrize("text", ['{"a":', "[1, 2]", '"a"', "[" * 100_000])
def test_json_that_holds_no_records(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    assert "is not sound JSON" in error_of(path) or "holds no list of records" in error_of(path)


def test_a_missing_file_suggests_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text("a\n1\n")
    assert f'did you mean "{tmp_path / "reviews.csv"}"' in error_of(tmp_path / "review.csv")
    assert "no folder" in error_of(tmp_path / "nowhere" / "reviews.csv")


def test_a_folder_stands_for_the_one_table_in_it_and_of_several_one_must_be_named(tmp_path):
    (tmp_path / "reviews.csv").write_text("a\n1\n")
    assert read(tmp_path, Mends()).columns == ["a"]
    (tmp_path / "more.csv").write_text("a\n1\n")
    assert str(tmp_path / "more.csv") in error_of(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")
    path.chmod(0)
    assert "may not be read" in error_of(path)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://example.org/a.csv", "downloads nothing"),
        ("a\0b", "cannot be opened"),
        ("x" * 5_000, "cannot be opened"),
        (5, "a int is no table"),
        (None, "is no table"),
        ({"a": [1, 2], "b": [1]}, "'b' has 1 cells, but 'a' has 2"),
        ({"a": 5}, "pass a list"),
        (pl.DataFrame({"a": []}), "no rows"),
        (pl.DataFrame(), "no columns"),
        ("sample:digts", "did you mean 'digits'"),
        (Query("select 1", "/nowhere/x.db"), "no SQLite file"),
    ],
)
def test_a_source_that_is_no_table_says_what_to_pass(source: object, expected: str) -> None:
    assert expected in error_of(source)
