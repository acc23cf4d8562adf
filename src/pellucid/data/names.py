"""Column names, each unique and not empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count

from pellucid.errors import Mend, Mends


def unique_names(names: Sequence[str], mends: Mends) -> list[str]:
    """The names without spaces around them; the third, if empty, is column_3, a second x is x_2."""
    # A half letter can be written in no encoding.
    written = [name.encode("utf-8", "replace").decode("utf-8") for name in names]
    stripped = [name.strip() for name in written]
    taken, seen, result = set(stripped), Counter[str](), []
    for position, name in enumerate(stripped, 1):
        seen[name] += 1
        new = name
        if not name:
            new = next(free for k in count(position) if (free := f"column_{k}") not in taken)
            mends.add(Mend("column without a name", f"named {new}", 1))
        elif seen[name] > 1:
            new = next(free for k in count(seen[name]) if (free := f"{name}_{k}") not in taken)
            mends.add(Mend("name used before", f"this one renamed {new}", 1, name))
        taken.add(new)
        result.append(new)
    return result
