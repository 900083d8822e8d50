// The page: every section in its place.

function showChosenRun() {
  showConfusions(place("confusions"));
  showCalibration(place("calibration"));
  showSamples();
}

function showChooser(box) {
  if (runs.length === 1) return box.remove();
  const select = el("select", {id: "run", change: () => {
    chosen.run = Number(select.value);
    showChosenRun();
  }}, ...runs.map((run, index) => el("option", {value: index}, `\u2068${run.name}\u2069`)));
  select.value = chosen.run;
  box.className = "chooser";
  box.append(el("label", {}, el("span", {}, "Run"), select));
}

document.title = `${data.title} – distillation report`;
place("title").textContent = data.title;
document.querySelector("main").hidden = false;  // before drawing: charts measure their room
showRuns(place("runs"));
showCurves(place("curves"));
showTradeoff(place("tradeoff"));
showChooser(place("chooser"));
sampleSection(place("samples"));
showChosenRun();
