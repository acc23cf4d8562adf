"""Writes scikit-learn's 1,797 handwritten digits as PNG files into ten folders, one for each."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def main(folder: Path) -> None:
    """Pixels of 0 to 16 become shades of 0 to 255; nothing else is changed."""
    digits = load_digits()
    for number, (pixels, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        place = folder / str(digit)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * (255 / 16)).astype(np.uint8)).save(place / f"{number:04}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
