"""A picture of pixels under tinted fields: as SVG, and as signs for a terminal."""

from __future__ import annotations

from html import escape

from pellucid.working.picture import Tinted

WIDTH, HIGHEST = 560.0, 330.0  # of the drawing
STRONGEST = 0.55  # how much a tint may cover
WORTH_WRITING = 0.25  # of the largest: the number is written into the field
WORTH_MARKING = 0.08
ROOM = 38.0  # that a written number takes


def tinted_svg(picture: Tinted, name: str) -> str:
    """The picture with its fields; `name` makes its ids unique on a page."""
    width = min(WIDTH, HIGHEST * picture.aspect)
    height = width / picture.aspect
    down, across = len(picture.numbers), len(picture.numbers[0])
    size = (width / across, height / down)
    largest = _largest(picture)
    cells = [
        _field(picture, (row, column), size, largest)
        for row in range(down)
        for column in range(across)
    ]
    return (
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" xmlns="http://www.w3.org/2000/svg" '
        f'class="tinted" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        f'<title id="{name}-t">{escape(picture.title)}</title>'
        f'<desc id="{name}-d">{escape(picture.description)}</desc>'
        f'<image href="{escape(picture.image)}" width="{width:g}" height="{height:g}" '
        f'preserveAspectRatio="none"/>{"".join(cells)}</svg>'
    )


def tinted_lines(picture: Tinted, ascii: bool) -> list[str]:
    """The title, and the fields as signs: ++ strongly for, + for, − against, a dot for little."""
    largest, minus = _largest(picture), "-" if ascii else "−"
    lines = [picture.title]
    for row in picture.numbers:
        signs = []
        for number in row:
            share = number / largest
            sign = "+" if share > 0 else minus
            strong = 2 if abs(share) >= 0.5 else 1
            signs.append(sign * strong if abs(share) >= WORTH_WRITING else ".")
        lines.append("  ".join(f"{sign:>2}" for sign in signs))
    return lines


def _largest(picture: Tinted) -> float:
    return max(abs(number) for row in picture.numbers for number in row) or 1.0


def _field(
    picture: Tinted, place: tuple[int, int], size: tuple[float, float], largest: float
) -> str:
    row, column = place
    number = picture.numbers[row][column]
    share, said = abs(number) / largest, f"{number:+.2g}".replace("-", "−")
    x, y = column * size[0], row * size[1]
    colour = "var(--for, #1565c0)" if number > 0 else "var(--against, #c2410c)"
    tint = STRONGEST * share if share >= WORTH_MARKING else 0.0
    title = f"<title>{escape(picture.names[row][column])}: {said}</title>"
    field = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
        f'fill="{colour}" fill-opacity="{tint:.2f}" stroke="#888" stroke-opacity=".35">'
        f"{title}</rect>"
    )
    if share < WORTH_WRITING or size[0] < ROOM or size[1] < 16:
        return field
    return field + (
        f'<text x="{x + size[0] / 2:.1f}" y="{y + size[1] / 2 + 4:.1f}" text-anchor="middle" '
        'font-size="12" font-weight="600" fill="#fff" stroke="#1d2330" stroke-width="2.5" '
        f'paint-order="stroke">{said}</text>'
    )
