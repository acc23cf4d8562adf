"""The lab: the lecture as live chapters in the browser, on its examples and on your own data."""
