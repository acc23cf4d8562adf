"""A model behind HTTP: predictions for programs, and a page with a form for people."""
