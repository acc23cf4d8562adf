// Which of the rows that a network is looked at with is shown: one control for every figure on them.

/** They are some of the table's, so each is called what the table counts it, from 1. */
export const whichRow = {
  key: "row", label: "Row", range: (s) => [0, Math.max(1, (s.found?.numbers.length ?? 2) - 1), 1],
  show: (v, s) => (s.found?.numbers[v] === undefined ? "" : (s.found.numbers[v] + 1).toLocaleString("en")),
};
