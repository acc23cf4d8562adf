"""Learning that can be watched: a worker that trains, and pictures of it that change nothing."""
