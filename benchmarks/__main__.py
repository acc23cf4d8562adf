"""Runs one benchmark by name, or lists them."""

import importlib
import sys

import pellucid  # noqa: F401  before torch, so that threads wait as they do for users
from benchmarks import BENCHMARKS


def main() -> int:
    """Hand the rest of the command line to the benchmark named first."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHMARKS:
        print("Usage: python -m benchmarks NAME [--data DIR] [--output FILE] [OPTION ...]\n")
        for known, purpose in BENCHMARKS.items():
            print(f"  {known:<14}{purpose}")
        return 0 if not name else 2
    module = importlib.import_module(f"benchmarks.{name}")
    module.main(sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
