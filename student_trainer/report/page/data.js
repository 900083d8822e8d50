// The data of the report, and what its sections share.

const data = JSON.parse(document.getElementById("data").textContent);
const runs = data.runs;
// What all sections share; at first the first run that has a teacher.
const chosen = {run: Math.max(0, runs.findIndex(run => run.teacher !== null)), temperature: 1};
