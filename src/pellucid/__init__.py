"""pellucid: deep learning on raw data that proves it learned and shows its working."""

__version__ = "0.1.0"
