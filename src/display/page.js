// The page of a display: draws what it is told each second, and says so itself when it is told nothing more.
const silentMsMax = 5_000;
const { body } = document;
const at = (id) => document.getElementById(id);
let heardMs = performance.now();

function draw({ kind, look, text, led3, led4, source }) {
  Object.assign(body.dataset, { kind, look });
  at("text").textContent = text;
  at("source").textContent = source;
  at("led3").style.background = led3;
  at("led4").style.background = led4;
}

new EventSource("/events").addEventListener("message", ({ data }) => {
  heardMs = performance.now();
  draw(JSON.parse(data));
});

setInterval(() => {
  const silentMs = performance.now() - heardMs;
  if (silentMs <= silentMsMax) return;
  const source = `the program that draws this page has said nothing for ${Math.round(silentMs / 1_000)} s`;
  draw({ kind: "none", look: "error", text: "NO NEWS", led3: "rgb(255,0,0)", led4: "rgb(0,0,0)", source });
}, 1_000);
