// A table as pellucid reads it: what each column is taken for, why, and how its values are spread.

import { clamp, fitted, label, plain, show, tag } from "../plot.js";

const chosen = (s) => s.table.columns[Math.min(s.column, s.table.columns.length - 1)];

export default {
  state: { column: 0, table: null },
  prepare: [{ needs: () => "once", get: async (s, ask) => ({ table: await ask("columns", {}) }) }],
  controls: [{ key: "column", label: "Column", range: (s) => [0, Math.max(1, (s.table?.columns.length ?? 2) - 1), 1], show: (v, s) => s.table?.columns[v]?.name ?? "" }],
  draw(element, s) {
    if (!s.table) return null;
    const width = element.clientWidth, c = chosen(s), bars = c.bars, step = 24;
    const most = Math.max(1, ...bars.map(([, n]) => n)), side = clamp(width * 0.42, 90, 260), long = width - side - 60;
    show(element, width, bars.length * step + 34, [
      label(0, 16, fitted(c.name, side, 15), "number bold"), label(side + 8, 16, `${c.role}${c.kind ? ` · ${c.kind}` : ""}`, c.role === "target" ? "second name" : "first name"),
      bars.map(([value, n], i) => {
        const y = 34 + i * step;
        return label(side, y + 15, fitted(value, side), "tick", "end") +
          tag("rect", { x: side + 8, y: y + 2, width: Math.max(1.5, (n / most) * long), height: step - 6, rx: 2, class: `bar ${c.role === "target" ? "second" : "first"}` }) +
          label(side + 14 + (n / most) * long, y + 15, n, "tick");
      }),
    ], `${c.name}: ${bars.map(([v, n]) => `${v} ${n}`).join(", ")}`);
    return null;
  },
  says(s) {
    if (!s.table) return "Reading …";
    const c = chosen(s), t = s.table;
    return `${t.name}: ${t.rows.toLocaleString("en")} rows; ${t.split[0]} to learn from, ${t.split[1]} to choose on, ${t.split[2]} to prove it. “${c.name}” is ${c.role === "left out" ? "left out" : `${c.role === "target" ? "what is predicted" : "an input"}, taken for a ${c.kind}`}, because ${c.why}. ${c.summary}${c.missing ? `; ${plain(c.missing)} missing` : ""}${t.warnings.length ? `. Warning: ${t.warnings.join("; ")}` : ""}.`.replace("..", ".");
  },
  numbers: (s) => ({ caption: s.table.name, headings: ["column", "role", "kind", "because", "holds", "missing"], rows: s.table.columns.map((c) => [c.name, c.role, c.kind, c.why, c.summary, c.missing]) }),
  question(s) {
    if (!s.table) return { text: "One moment …", answer: NaN };
    const { rows, split } = s.table;
    return { text: `The table has ${rows.toLocaleString("en")} rows, of which ${split[0].toLocaleString("en")} are learnt from. How many may be looked at while the network is being made, to learn or to choose?`, answer: split[0] + split[1], slips: [
      { value: rows, says: "Some are kept until the end: what was chosen on them could no longer be proved on them." }, { value: split[0], says: "Those are learnt from; others are there to choose on." }, { value: split[2], says: "Those are the ones that nobody may look at." },
    ] };
  },
  veiled: true,
  note: "How the column's values are spread is a vector: the counts that are drawn, in their order, and at the end the missing cells.",
  working(s) {
    if (!s.table) return null;
    const c = chosen(s);
    return { lesson: "tensor", arguments: [JSON.stringify([...c.bars.map(([, n]) => n), c.missing])], options: { axes: `value of ${c.name.replaceAll(",", " ")}` } };
  },
  python: (s) => `import pellucid\n\nmodel = pellucid.learn(${JSON.stringify(s.table?.name ?? "sample:reviews")}, minutes=1)\nprint(model.schema.reasons)  # why each column is what it is\n`,
};
