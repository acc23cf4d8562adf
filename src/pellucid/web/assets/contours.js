// A function of two variables as level lines over tinted cells: darker is lower.

import { tag } from "./plot.js";

const CELLS = 60, LEVELS = 13;

/** Level lines (marching squares) of `height` over a frame; levels are closer where it is flat. */
export function contours(f, height) {
  const columns = CELLS, rows = Math.max(8, Math.round((CELLS * f.height) / f.width));
  const X = (i) => f.left + (i / columns) * f.width, Y = (j) => f.top + (j / rows) * f.height;
  const grid = Array.from({ length: rows + 1 }, (_, j) => Array.from({ length: columns + 1 }, (_, i) =>
    height(f.x[0] + (i / columns) * (f.x[1] - f.x[0]), f.y[1] - (j / rows) * (f.y[1] - f.y[0]))));
  const order = grid.flat().filter(Number.isFinite).sort((a, b) => a - b);
  if (!order.length) return "";
  const limits = Array.from({ length: LEVELS }, (_, k) => order[Math.floor(((k + 0.35) / LEVELS) ** 1.5 * (order.length - 1))]);
  const tint = tints(grid, limits, columns, rows, X, Y);
  return [tint, limits.map((level, k) => tag("path", { d: lines(grid, level, columns, rows, X, Y), class: "line first level", "stroke-opacity": (0.62 - 0.035 * k).toFixed(3) }))];
}

function tints(grid, limits, columns, rows, X, Y) {
  const band = (v) => { let k = 0; while (k < limits.length && v > limits[k]) k++; return k; };
  const parts = [];
  for (let j = 0; j < rows; j++) {
    const row = Array.from({ length: columns }, (_, i) => band((grid[j][i] + grid[j + 1][i + 1]) / 2));
    for (let i = 0, from = 0; i < columns; i++) {
      if (i + 1 < columns && row[i + 1] === row[i]) continue;
      const share = 0.2 * (1 - row[i] / limits.length);
      if (share > 0.005) parts.push(tag("rect", { x: X(from), y: Y(j), width: X(i + 1) - X(from) + 0.3, height: Y(1) - Y(0) + 0.3, class: "first fill", "fill-opacity": share.toFixed(3) }));
      from = i + 1;
    }
  }
  return parts;
}

function lines(grid, level, columns, rows, X, Y) {
  let d = "";
  for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) {
    const corner = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
    const ends = [];
    for (let k = 0; k < 4; k++) {
      const [a, b] = [corner[k], corner[(k + 1) % 4]], u = grid[a[1]][a[0]], v = grid[b[1]][b[0]];
      if ((u > level) === (v > level) || !Number.isFinite(u + v)) continue;
      const t = (level - u) / (v - u);
      ends.push([X(a[0] + t * (b[0] - a[0])), Y(a[1] + t * (b[1] - a[1]))]);
    }
    for (let k = 0; k + 1 < ends.length; k += 2) d += `M${ends[k][0].toFixed(1)} ${ends[k][1].toFixed(1)}L${ends[k + 1][0].toFixed(1)} ${ends[k + 1][1].toFixed(1)}`;
  }
  return d;
}
