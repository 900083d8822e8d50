// The runs: what they are called, what they cost and bought, as a table.

function learnedFrom(run) {
  if (run.teacher === null) return ["labels"];
  // The trainer counts training accuracy on the labels that it learns from.
  const noLabels = run.alpha === 1 ||
    (run.epochs.length > 0 && run.epochs.every(epoch => epoch.train_accuracy === null));
  const how = [run.objective, run.alpha === null ? null : `alpha ${run.alpha}`,
    run.temperature === null ? null : `T\u00a0=\u00a0${run.temperature}`].filter(part => part !== null);
  return [noLabels ? "soft targets" : "labels and soft targets", how.length ? ` (${how.join(", ")})` : "",
    " of ", name(run.teacher)];
}

// Epochs count from 1 on the page, as the trainer prints them.
const bestEpoch = run => run.best_epoch;

function progressOf(run) {
  const best = bestEpoch(run) === null ? "" : `, best epoch ${bestEpoch(run)}`;
  const epochs = plural(run.epochs.length, "epoch");
  return (run.finished ? `finished after ${epochs}` : `${epochs} so far`) + best;
}

// The accuracy to show: measured at the end, else the best epoch's on the validation data.
function accuracyOf(run) {
  const validation = run.epochs.find(epoch => epoch.epoch === run.best_epoch)?.validation;
  return run.quality ?? (validation ? {...validation, on: "validation"} : null);
}

function keptOf(run) {
  const [first, own] = [accuracyOf(runs[0]), accuracyOf(run)];
  return first && own && first.on === own.on && first.accuracy > 0 ?
    `${percent(own.accuracy / first.accuracy, 1)} kept` : null;
}

function figureCell(column, figure, ratio, notes) {
  return el("td", {"data-column": column}, el("div", {class: "figure"}, figure ?? "–"),
    ratio === null ? null : el("div", {class: "ratio"}, ratio),
    ...(notes ?? ["not measured"]).map(note => el("div", {class: "small"}, note)));
}

function runRow(run, index) {
  const own = run.figures, first = runs[0].figures, accuracy = accuracyOf(run);
  const against = index > 0 && own && first;
  return el("tr", {},
    el("th", {scope: "row"},
      el("div", {class: "name"},
        el("span", {class: "one-line"}, runs.length > 1 ? swatch(colour(index)) : null, runName(index)),
        run.finished ? null : el("span", {class: "tag"}, "not finished")),
      el("div", {class: "small one-line"}, name(run.student)),
      el("div", {class: "small"}, progressOf(run)),
      el("div", {class: "small clamp"}, "learned from ", ...learnedFrom(run))),
    figureCell("Accuracy", accuracy && percent(accuracy.accuracy), index > 0 ? keptOf(run) : null,
      accuracy && [`${plural(accuracy.errors, "error")} of ${count(accuracy.samples)}`, `${accuracy.on} data`]),
    figureCell("Size", own && bytes(own.bytes),
      against ? times(first.bytes / own.bytes, "smaller", "larger", "same size") : null,
      own && [plural(own.parameters, "parameter"), `${thousands(own.multiply_adds)} multiply-adds`]),
    figureCell("Latency", own && milliseconds(own.latency_ms),
      against ? times(first.latency_ms / own.latency_ms, "faster", "slower", "as fast") : null,
      own && [`99% in ${milliseconds(own.latency_p99_ms)}`, `${count(own.samples_per_s)} samples/s`]));
}

function showRuns(box) {
  box.append(el("table", {class: "runs"},
    el("thead", {}, el("tr", {}, ...["Run", "Accuracy", "Size", "Latency, 1 sample"].map(text =>
      el("th", {scope: "col"}, text)))),
    el("tbody", {}, ...runs.map(runRow))));
  if (runs.length > 1) {
    box.append(el("p", {class: "small"},
      "Quality kept (accuracy), times smaller and times faster: against ", runName(0), ". " +
      (data.measured_in_turns ? "The models were measured in turns when this page was made." :
        "Not all models could be measured in turns: latencies were taken at the ends of the runs.")));
  }
}
