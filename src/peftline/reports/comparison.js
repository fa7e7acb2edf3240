"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  // --- the table: click on a heading to sort; rows without a value stay last
  const table = byId("table");
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const isNumber = head.dataset.kind === "number";
      const was = head.getAttribute("aria-sort");
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const order = was === first ? second : first;
      heads.forEach((one) => one.setAttribute("aria-sort", one === head ? order : "none"));
      const sign = order === "ascending" ? 1 : -1;
      const key = (row) => row.cells[column].dataset.value;
      const compare = (a, b) => {
        const x = key(a), y = key(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (isNumber ? Number(x) - Number(y) : x.localeCompare(y));
      };
      body.append(...[...body.rows].sort(compare));
    });
  });

  // --- learning curves: which picture, which lines
  const controls = byId("curve-controls");
  if (controls) {
    const figures = [...document.querySelectorAll("figure.curves")];
    const legend = byId("legend");
    const chosen = (name) => controls.querySelector(`input[name=${name}]:checked`).value;
    const linesOf = (index) => document.querySelectorAll(`.curve[data-index="${index}"]`);
    const show = () => {
      figures.forEach((one) => {
        one.hidden = one.dataset.loss !== chosen("loss") || one.dataset.progress !== chosen("progress");
      });
      legend.querySelectorAll("input").forEach((box) => {
        linesOf(box.value).forEach((line) => line.classList.toggle("off", !box.checked));
      });
    };
    controls.addEventListener("change", show);
    legend.addEventListener("change", show);
    controls.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => {
      legend.querySelectorAll("input").forEach((box) => { box.checked = button.dataset.show === "all"; });
      show();
    }));
    legend.querySelectorAll("li").forEach((item) => {
      const strong = (on) => linesOf(item.dataset.index).forEach((line) => line.classList.toggle("strong", on));
      item.addEventListener("mouseenter", () => strong(true));
      item.addEventListener("mouseleave", () => strong(false));
    });
    show(); // a browser that goes back keeps what was ticked
  }

  // --- answers: everything that comes from data is set as text, never as markup
  const source = byId("browser-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const inputs = ["row-a", "row-b", "which", "filter"].map(byId);
  const [rowA, rowB, which, filter] = inputs;
  const counts = byId("counts"), found = byId("found"), more = byId("more");
  const page = 20;
  const sign = data.higher_is_better ? 1 : -1;
  const best = data.higher_is_better ? 1 : 0;
  let matches = [], shown = 0;

  const element = (name, text, parent, className) => {
    const made = document.createElement(name);
    if (text !== null) made.textContent = text;
    if (className) made.className = className;
    parent.append(made);
    return made;
  };
  const part = (title, text, parent, className) => {
    const box = element("div", null, parent, className);
    element("h3", title, box);
    element("pre", text, box);
  };
  const kind = (at) => {
    const a = data.rows[rowA.value].scores[at], b = data.rows[rowB.value].scores[at];
    if (a !== b) return sign * (a - b) > 0 ? "a" : "b";
    return a === best ? "same-good" : "same-bad";
  };
  const draw = () => {
    const a = data.rows[rowA.value], b = data.rows[rowB.value];
    matches.slice(shown, shown + page).forEach((at) => {
      const example = data.examples[at];
      const article = element("article", null, found);
      element("header", example.id, article);
      part("Prompt", example.prompt, article);
      part("Reference", example.reference, article);
      const two = element("div", null, article, "two");
      [[a, "A"], [b, "B"]].forEach(([row, letter]) => part(
        `${letter}: ${row.name}, ${data.metric} ${row.scores[at]}`, row.answers[at], two,
        row.scores[at] === best ? "good" : "bad",
      ));
    });
    shown = Math.min(shown + page, matches.length);
    more.hidden = shown >= matches.length;
  };
  const look = () => {
    const a = data.rows[rowA.value], b = data.rows[rowB.value];
    const wanted = filter.value.toLowerCase();
    const tally = { a: 0, b: 0, "same-bad": 0, "same-good": 0 };
    matches = [];
    data.examples.forEach((example, at) => {
      const texts = [example.id, example.prompt, example.reference, a.answers[at], b.answers[at]];
      if (wanted && !texts.join("\n").toLowerCase().includes(wanted)) return;
      tally[kind(at)] += 1;
      if (kind(at) === which.value) matches.push(at);
    });
    counts.textContent = `${a.name} better: ${tally.a}; ${b.name} better: ${tally.b}; equal, below `
      + `best score: ${tally["same-bad"]}; equal, best score: ${tally["same-good"]}. `
      + `${matches.length} shown below.`;
    found.replaceChildren();
    shown = 0;
    draw();
  };
  data.rows.forEach((row, at) => [rowA, rowB].forEach((select) => {
    const seed = row.seed === null ? "" : `, seed ${row.seed}`;
    element("option", row.name + seed, select).value = at;
  }));
  rowA.value = 0;
  rowB.value = Math.min(1, data.rows.length - 1);
  inputs.forEach((one) => one.addEventListener("input", look));
  more.addEventListener("click", draw);
  look();
})();
