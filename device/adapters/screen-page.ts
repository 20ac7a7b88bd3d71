/**
 * The page of the counter's screen: one document that the agent serves itself, nothing fetched from elsewhere. It holds no
 * text of a sale; those come as events (`screen.ts`) and are set as text.
 */
import { type Language, WORDS } from './screen.js';

/** `nonce` belongs into the page's Content-Security-Policy: no other script and no other style may run in it. */
export function screenPage(language: Language, nonce: string): string {
  const words = WORDS[language];
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<body data-mood="idle">
<header><b>${words.title}</b><span id="device"></span><span id="link"></span></header>
<main>
<h1 id="state">${words.idle}</h1>
<div id="sums"><p id="amount"></p><p id="coupon"></p><p id="net"></p></div>
<p id="line"></p>
<p class="small"><span id="order"></span><span id="receipt"></span></p>
</main>
<aside hidden><ul id="alerts"></ul><button id="resume" hidden>${words.resume}</button></aside>
<footer><dl id="tiles"></dl></footer>
<script nonce="${nonce}">const LOST = ${JSON.stringify(words.lost)}, LANGUAGE = ${JSON.stringify(language)};${SCRIPT}</script>
</body>
</html>
`;
}

/** Sizes follow the window's smaller side: the page stands on a 7-inch screen, lying or upright, as well as on a till's. */
const STYLE = `
:root { font-family: "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; font-size: clamp(12px, 2.9vmin, 40px); --ink: #16202e; --mood: #64748b }
* { box-sizing: border-box; margin: 0 }
[hidden] { display: none !important }
body { height: 100vh; display: flex; flex-direction: column; background: #eef1f5; color: var(--ink); border-top: .5rem solid var(--mood); overflow: hidden }
[data-mood=working] { --mood: #1d4ed8 } [data-mood=paid] { --mood: #15803d } [data-mood=not-paid] { --mood: #b45309 } [data-mood=person] { --mood: #b91c1c }
header { display: flex; align-items: center; gap: 1rem; padding: .6rem 1.5rem; color: #475569 }
header b { color: var(--ink); font-size: 1.3rem }
#link { margin-left: auto; padding: .25rem 1rem; border-radius: 2rem; background: #dcfce7; color: #166534; font-weight: 700 }
#link.off { background: #fee2e2; color: #b91c1c }
main { flex: 1; min-height: 0; display: flex; flex-direction: column; justify-content: center; align-items: center; gap: .7rem; padding: 0 1.5rem; text-align: center }
h1 { font-size: 2.8rem; line-height: 1.25; padding: .4rem 2.5rem; border-radius: 1rem; background: var(--mood); color: #fff }
[data-mood=idle] h1 { background: none; color: var(--ink); font-size: 4.5rem }
p { font-variant-numeric: tabular-nums } p:empty, span:empty { display: none }
#sums { display: flex; flex-wrap: wrap; justify-content: center; align-items: baseline; gap: .2rem 2.5rem; font-size: 2rem; color: #475569 }
#coupon { color: #b91c1c; font-weight: 700 }
#net { flex-basis: 100%; font-size: 5rem; line-height: 1.15; font-weight: 800; color: var(--ink) }
#line { font-size: 1.8rem; color: #334155; text-wrap: balance }
.small { display: flex; gap: 2rem; color: #64748b }
aside { display: flex; align-items: center; gap: 1.5rem; padding: .7rem 1.5rem; background: #b91c1c; color: #fff; font-size: 1.5rem; font-weight: 700 }
ul { flex: 1; list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0 2rem }
button { font: inherit; padding: .5rem 2rem; border: 0; border-radius: .6rem; background: #fff; color: #b91c1c }
dl { display: flex; background: var(--ink); color: #fff }
dl div { flex: 1 1 0; padding: .8rem 1.2rem; border-left: 1px solid #334155 } dl div:first-child { flex-grow: 1.7; border: 0 }
dt { color: #94a3b8; font-size: .95rem } dd { margin: 0; font-size: 1.15rem; line-height: 1.35 }
.warn dd { color: #fcd34d; font-weight: 700 }
@media (orientation: portrait) { dl { flex-wrap: wrap } dl div, dl div:first-child { flex: 1 1 50%; border: 0; border-top: 1px solid #334155 } }
`;

const SCRIPT = `
const at = (id) => document.getElementById(id);
const made = (name, textContent) => Object.assign(document.createElement(name), { textContent });
const tile = ({ label, value, tone }) => {
  const box = made('div', '');
  box.className = tone;
  box.append(made('dt', label), made('dd', value));
  return box;
};
const show = (texts) => {
  document.body.dataset.mood = texts.mood;
  for (const id of ['state', 'amount', 'coupon', 'net', 'line', 'order', 'receipt', 'device', 'link']) at(id).textContent = texts[id];
  at('alerts').replaceChildren(...texts.alerts.map((text) => made('li', text)));
  at('tiles').replaceChildren(...texts.tiles.map(tile));
  at('resume').hidden = !texts.canResume;
  at('resume').parentElement.hidden = texts.alerts.length === 0 && !texts.canResume;
  at('link').className = texts.online ? '' : 'off';
};
at('resume').onclick = () => fetch('/v1/printer/resume', { method: 'POST' });
const events = new EventSource('/v1/events?lang=' + LANGUAGE);
events.onmessage = (event) => show(JSON.parse(event.data));
events.onerror = () => { at('link').textContent = LOST; at('link').className = 'off'; };
`;
