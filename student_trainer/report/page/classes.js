// Confusions and recall of the chosen run.

function barRow(what, much, part, kind) {
  return el("li", {}, el("div", {class: "what"}, what, el("span", {class: "much small"}, much)), bar(part, kind));
}

function bar(part, kind) {
  return svg("svg", {class: `bar ${kind}`, "aria-hidden": "true"},
    svg("rect", {width: `${100 * part}%`, height: "100%"}));
}

function confusionList(quality, kind) {
  const few = 10;
  const rows = quality.confusions.map(({label, answer, samples}) => barRow(
    el("span", {class: "pair"}, name(className(label), "one-line"), "→", name(className(answer), "one-line")),
    `${count(samples)}, ${percent(samples / quality.classes[label].samples, 1)}`,
    samples / quality.confusions[0].samples, kind));
  const list = el("ol", {class: "bars"}, ...rows.slice(0, few));
  const more = el("button", {type: "button", click: () => {
    list.append(...rows.slice(few));
    more.remove();
    rows[few].tabIndex = -1;
    rows[few].focus();  // where the button was
  }}, `Show all ${rows.length}`);
  return [list, rows.length > few ? more : null];
}

function recallList(quality, kind) {
  const recalls = quality.classes
    .map(({samples, correct}, label) => ({label, samples, correct, recall: correct / samples}))
    .filter(({samples}) => samples > 0).sort((a, b) => a.recall - b.recall).slice(0, 10);
  return el("ol", {class: "bars"}, ...recalls.map(({label, samples, correct, recall}) => barRow(
    el("span", {class: "clamp"}, name(className(label))),
    `${percent(recall, 1)}, ${count(correct)} of ${count(samples)}`, recall, kind)));
}

function missingQuality(run) {
  return say(run.finished ?
    "No validation or test data was given, so it is not known how good the answers of this run are." :
    "The run is not finished, so its answers were not judged yet.");
}

function showConfusions(box) {
  const run = runs[chosen.run], {quality} = run, kind = colour(chosen.run);
  if (!quality) return box.replaceChildren(missingQuality(run));
  box.replaceChildren(el("div", {class: "columns"},
    el("div", {}, el("h3", {}, "Most frequent confusions"), ...quality.confusions.length === 0 ?
      [say(`There are none: all answers on the ${quality.on} data are right.`)] :
      [el("p", {class: "small"},
        "Label → answer of the student; how often, and in how many of that label's samples."),
        ...confusionList(quality, kind)].filter(node => node !== null)),
    el("div", {}, el("h3", {}, "Lowest recall"),
      el("p", {class: "small"}, `Of each class's samples in the ${quality.on} data, the part that the student knows.`),
      recallList(quality, kind))));
}
