// Noughts and crosses, searched to the end: what every move is worth to who makes it.

const LINES = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];
const known = new Map();

/** Who has three in a line; "draw" on a full board, null while it goes on. */
export function winner(board) {
  for (const [a, b, c] of LINES) if (board[a] !== "·" && board[a] === board[b] && board[a] === board[c]) return board[a];
  return board.includes("·") ? null : "draw";
}

/** For each square: 1 where the move wins, 0 draws, -1 loses; undefined where none can be made. */
export function play(board) {
  const turn = board.filter((c) => c === "·").length % 2 ? "✕" : "○";
  return board.map((cell, i) => (cell !== "·" || winner(board) ? undefined : -value(board.map((c, k) => (k === i ? turn : c)))));
}

/** What a position is worth to who is to move. */
function value(board) {
  const key = board.join("");
  if (!known.has(key)) {
    const over = winner(board);
    known.set(key, over ? (over === "draw" ? 0 : -1) : Math.max(...play(board).filter((v) => v !== undefined)));
  }
  return known.get(key);
}
