// A 2 × 2 matrix moves the plane: the unit square, its area, and the directions that only stretch.

import { area, arrow, axes, frame, handle, inside, line, plain, rounded, show, word } from "../plot.js";

const REACH = 7;
const apply = ([[a, b], [c, d]], [x, y]) => [a * x + b * y, c * x + d * y];
const det = ([[a, b], [c, d]]) => a * d - b * c;
const between = (m, t) => [[1 + (m[0][0] - 1) * t, m[0][1] * t], [m[1][0] * t, 1 + (m[1][1] - 1) * t]];

/** Real eigenvalues with one direction each; none where the plane is turned. */
export function eigen([[a, b], [c, d]]) {
  const half = (a + d) / 2, under = half * half - (a * d - b * c);
  if (under < -1e-12) return [];
  const root = Math.sqrt(Math.max(0, under));
  const values = root < 1e-9 ? [half] : [half + root, half - root];
  if (Math.abs(b) < 1e-12 && Math.abs(c) < 1e-12) return Math.abs(a - d) < 1e-12 ? [{ value: a, every: true }] : [{ value: a, vector: [1, 0] }, { value: d, vector: [0, 1] }];
  return values.map((value) => {
    const v = Math.abs(b) > Math.abs(c) ? [b, value - a] : [value - d, c];
    const size = Math.hypot(...v);
    return { value, vector: v.map((each) => each / size) };
  });
}

function lattice(f, m) {
  const parts = [];
  for (let k = -12; k <= 12; k++) {
    parts.push(line(f, apply(m, [k, -12]), apply(m, [k, 12]), k ? "lattice" : "lattice strong"));
    parts.push(line(f, apply(m, [-12, k]), apply(m, [12, k]), k ? "lattice" : "lattice strong"));
  }
  return parts;
}

export default {
  state: { matrix: [[1, 2], [3, 0]], vector: [1, 0.5], t: 1, lesson: "eigenvalues" },
  controls: [
    { key: "matrix", label: "Matrix A", matrix: true },
    { key: "vector", label: "Vector v", matrix: true },
    { key: "lesson", label: "Working of", choices: [["determinant", "the determinant"], ["eigenvalues", "the eigenvalues"], ["product", "the product A·v"], ["inverse", "the inverse"]] },
    { key: "t", label: "From the identity to A", range: [0, 1, 0.01], show: (t) => `${Math.round(t * 100)} %` },
    { play: "t", label: "Play", seconds: 2.5 },
  ],
  draw(element, state) {
    const width = element.clientWidth, height = Math.min(width, 480);
    const f = frame({ left: 0, top: 0, width, height, x: [-REACH, REACH], y: [-REACH * 0.8, REACH * 0.8], equal: true });
    const m = between(state.matrix, state.t), size = det(m);
    const tone = size < 0 ? "second" : "first";
    const [e1, e2] = [apply(m, [1, 0]), apply(m, [0, 1])];
    const image = apply(m, state.vector);
    const lines = eigen(state.matrix).filter((each) => each.vector).map(({ value, vector: [x, y] }) => {
      const far = 20;
      const edge = Math.min(f.x[1] / Math.max(Math.abs(x), 1e-9), f.y[1] / Math.max(Math.abs(y), 1e-9)) * 0.86;
      return line(f, [-far * x, -far * y], [far * x, far * y], "third dashed") +
        word(f, [x * edge, y * edge], `λ = ${plain(value, 3)}`, "third name", { dx: 8, dy: -6, anchor: x * edge > f.x[1] * 0.6 ? "end" : "start" });
    });
    show(element, width, height, [
      line(f, [f.x[0], 0], [f.x[1], 0], "axis"), line(f, [0, f.y[0]], [0, f.y[1]], "axis"),
      inside(f, [lattice(f, m), lines, area(f, [[0, 0], e1, [e1[0] + e2[0], e1[1] + e2[1]], e2], tone)]),
      arrow(f, [0, 0], e1, `${tone} bold`, 11), arrow(f, [0, 0], e2, `${tone} bold`, 11),
      arrow(f, [0, 0], image, "ink bold", 11), word(f, image, "A·v", "ink name", { dx: 9, dy: -7 }),
      arrow(f, [0, 0], state.vector, "ink", 9), handle(f, state.vector, "ink"), word(f, state.vector, "v", "ink name", { dx: 12, dy: 16 }),
      state.t === 1 ? [handle(f, e1, tone), handle(f, e2, tone)] : "",
      word(f, e1, "A·e₁", `${tone} name`, { dx: 15, dy: 18 }), word(f, e2, "A·e₂", `${tone} name`, { dx: 15, dy: 18 }),
    ], this.says(state));
    return f;
  },
  drag: {
    pick(state, at) {
      const reach = 18 * at.unit;
      const places = { vector: state.vector, first: apply(state.matrix, [1, 0]), second: apply(state.matrix, [0, 1]) };
      const near = Object.entries(places).map(([name, p]) => [name, Math.hypot(p[0] - at.x, p[1] - at.y)]).sort((p, q) => p[1] - q[1])[0];
      return near[1] < reach && (near[0] === "vector" || state.t === 1) ? near[0] : null;
    },
    move(state, held, at) {
      const x = rounded(at.x, 0.1), y = rounded(at.y, 0.1), [[a, b], [c, d]] = state.matrix;
      if (held === "vector") return { vector: [x, y] };
      return { matrix: held === "first" ? [[x, b], [y, d]] : [[a, x], [c, y]] };
    },
  },
  says(state) {
    const size = det(state.matrix), found = eigen(state.matrix);
    const areas = Math.abs(size) < 1e-12 ? "flattens the plane: every area becomes 0, and nothing can undo it" : `makes every area ${plain(Math.abs(size))} times as large${size < 0 ? " and turns the plane over" : ""}`;
    const directions = found.length === 0 ? "No direction stays as it is: the plane is turned." : found[0].every ? `Every direction is stretched by ${plain(found[0].value)}.` : `Along ${found.length === 1 ? "one line" : "two lines"} (dashed) it only stretches, by ${found.map((each) => plain(each.value)).join(" and ")}.`;
    return `det A = ${plain(size)}: A ${areas}. ${directions}`;
  },
  numbers(state) {
    const [[a, b], [c, d]] = state.matrix, image = apply(state.matrix, state.vector);
    return {
      caption: "What the picture shows", headings: ["", "x", "y"],
      rows: [["A·e₁, the first column", a, c], ["A·e₂, the second column", b, d], ["v", ...state.vector], ["A·v", ...image],
        ...eigen(state.matrix).map((each) => [`direction stretched by ${plain(each.value)}`, ...(each.vector ?? ["every", "every"])])],
    };
  },
  working(state) {
    const m = JSON.stringify(state.matrix), v = JSON.stringify(state.vector);
    if (state.lesson === "product") return { lesson: "product", arguments: [m, v] };
    return { lesson: state.lesson, arguments: [m] };
  },
  challenge() {
    const draw = () => Math.floor(Math.random() * 9) - 4;
    return { matrix: [[draw(), draw()], [draw(), draw()]], t: 1, lesson: "determinant" };
  },
  question(state) {
    const [[a, b], [c, d]] = state.matrix;
    return {
      text: `By what factor, with its sign, does the matrix change areas?`,
      answer: a * d - b * c,
      slips: [
        { value: a * d + b * c, says: "You added the two products; the second diagonal counts negative." },
        { value: b * c - a * d, says: "You took the diagonals the other way round; it is a·d first, less b·c." },
        { value: a * b - c * d, says: "You multiplied along the rows; it goes along the diagonals." },
        { value: Math.abs(a * d - b * c), says: "The size is right; the sign says that the plane was turned over." },
      ],
    };
  },
};
