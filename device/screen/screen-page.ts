/**
 * The page of the counter's screen: one document that the agent serves itself, with nothing fetched from elsewhere.
 *
 * It holds no text of a sale; those arrive as events (`screen.ts`) and are set as text.
 */
import { type Language, WORDS } from './screen.js';
import { SCREEN_TIMES } from './screen-beat.js';

/** `nonce` goes into the page's Content-Security-Policy: no other script or style may run in it. */
export function screenPage(language: Language, nonce: string, times = SCREEN_TIMES): string {
  const words = WORDS[language];
  const settings = {
    events: `/v1/events?lang=${language}`,
    ...times,
    dead: [words.dead, words.deadHint],
    replaced: [words.replaced, words.replacedHint],
    lost: words.lost,
  };
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
<h1 id="state">${words.connecting}</h1>
<div id="sums"><p id="amount"></p><p id="coupon"></p><p id="net"></p></div>
<p id="line"></p>
<p class="small"><span id="order"></span><span id="receipt"></span></p>
</main>
<aside hidden><ul id="alerts"></ul><div id="acts"><button id="ask" hidden></button><button id="resume" hidden>${words.resume}</button></div></aside>
<footer><dl id="tiles"></dl></footer>
<div id="cover" role="alert" hidden><b></b><span></span></div>
<script nonce="${nonce}">const SET = ${JSON.stringify(settings)};${SCRIPT}</script>
</body>
</html>
`;
}

/**
 * Sizes follow the window's smaller side, so that the page fits a 7-inch screen, landscape or portrait, as well as a
 * till's.
 */
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
main { flex: 1; min-height: 0; display: flex; flex-direction: column; justify-content: center; align-items: center; gap: .5rem; padding: 0 1.5rem; text-align: center }
h1 { font-size: 2.8rem; line-height: 1.25; padding: .3rem 2.5rem; word-break: keep-all; overflow-wrap: anywhere; border-radius: 1rem; background: var(--mood); color: #fff }
[data-mood=idle] h1 { background: none; color: var(--ink); font-size: 4.5rem }
p { font-variant-numeric: tabular-nums } p:empty, span:empty { display: none }
#sums { display: flex; flex-wrap: wrap; justify-content: center; align-items: baseline; gap: .2rem 2.5rem; font-size: 2rem; color: #475569 }
#coupon { color: #b91c1c; font-weight: 700 }
#net { flex-basis: 100%; font-size: min(5rem, 11.5vw); line-height: 1.15; font-weight: 800; color: var(--ink) }
#line { font-size: 1.6rem; line-height: 1.25; color: #334155; text-wrap: balance }
.small { display: flex; flex-wrap: wrap; justify-content: center; gap: .2rem 2rem; max-width: 100%; color: #475569 }
.small span, dd { overflow-wrap: anywhere }
aside { display: flex; align-items: center; gap: 1.5rem; padding: .5rem 1.5rem; background: #b91c1c; color: #fff; font-size: 1.25rem; line-height: 1.3; font-weight: 700 }
ul { flex: 1; list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0 2rem }
#acts { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: .5rem; max-width: 50% }
button { font: inherit; padding: .5rem 2rem; border: 0; border-radius: .6rem; background: #fff; color: #b91c1c }
dl { display: flex; background: var(--ink); color: #fff }
dl div { flex: 1 1 0; min-width: 0; padding: .8rem 1.2rem; border-left: 1px solid #334155 } dl div:first-child { flex-grow: 1.7; border: 0 }
dt { color: #94a3b8; font-size: .95rem } dd { margin: 0; font-size: 1.15rem; line-height: 1.35 }
.warn dd { color: #fcd34d; font-weight: 700 }
#cover { position: fixed; inset: 0; z-index: 1; display: flex; flex-direction: column; justify-content: center; align-items: center; gap: 2rem; padding: 2rem; background: #b91c1c; color: #fff; text-align: center }
#cover b { font-size: min(6rem, 11vw); line-height: 1.25; text-wrap: balance } #cover span { font-size: 1.8rem; line-height: 1.4 }
#cover.calm { background: #334155 }
@media (orientation: portrait) { dl { flex-wrap: wrap } dl div, dl div:first-child { flex: 1 1 50%; border: 0; border-top: 1px solid #334155 } }
`;

/**
 * No result outlives its connection. A dropped connection clears the page at once, and an agent that falls silent on a
 * seemingly live connection makes the page cover itself. The page reconnects by itself in both cases.
 */
const SCRIPT = `
const at = (id) => document.getElementById(id);
const made = (name, textContent) => Object.assign(document.createElement(name), { textContent });
const PLACES = ['state', 'amount', 'coupon', 'net', 'line', 'order', 'receipt', 'device', 'link'];
const tile = ({ label, value, tone }) => {
  const box = made('div', '');
  box.className = tone;
  box.append(made('dt', label), made('dd', value));
  return box;
};
const show = (texts) => {
  document.body.dataset.mood = texts.mood;
  for (const id of PLACES) at(id).textContent = texts[id];
  at('alerts').replaceChildren(...texts.alerts.map((text) => made('li', text)));
  at('tiles').replaceChildren(...texts.tiles.map(tile));
  at('resume').hidden = !texts.canResume;
  at('ask').hidden = texts.askAgain === '';
  at('ask').textContent = texts.askAgainLabel;
  at('ask').dataset.sale = texts.askAgain;
  document.querySelector('aside').hidden = texts.alerts.length === 0 && !texts.canResume;
  at('link').className = texts.online ? '' : 'off';
};
const cover = (texts, kind = '') => {
  at('cover').hidden = texts === undefined;
  at('cover').className = kind;
  if (texts) [at('cover').firstChild.textContent, at('cover').lastChild.textContent] = texts;
};
const forget = () => {
  document.body.dataset.mood = 'idle';
  for (const id of PLACES) at(id).textContent = '';
  at('state').textContent = at('link').textContent = SET.lost;
  at('link').className = 'off';
  at('alerts').replaceChildren();
  at('tiles').replaceChildren();
  document.querySelector('aside').hidden = true;
};
let events, retry, replaced = false;
let heardAt = performance.now(), builtAt = 0, pause = SET.reconnectMs;
const heard = () => {
  heardAt = performance.now();
  pause = SET.reconnectMs;
  cover();
};
const connect = () => {
  clearTimeout(retry);
  retry = undefined;
  events?.close();
  builtAt = performance.now();
  const mine = (events = new EventSource(SET.events));
  mine.addEventListener('beat', heard);
  mine.onmessage = (event) => {
    heard();
    show(JSON.parse(event.data));
  };
  mine.addEventListener('replaced', () => {
    mine.close();
    replaced = true;
    forget();
    cover(SET.replaced, 'calm');
  });
  mine.onerror = () => {
    if (mine !== events || replaced) return;
    mine.close();
    forget();
    retry = setTimeout(connect, pause);
    pause = Math.min(2 * pause, SET.reconnectCapMs);
  };
};
at('cover').onclick = () => {
  if (!replaced) return;
  replaced = false;
  heardAt = performance.now();
  connect();
};
setInterval(() => {
  const now = performance.now();
  if (replaced || now - heardAt < SET.silentMs) return;
  if (at('cover').hidden) {
    forget();
    cover(SET.dead);
  }
  // A frozen agent keeps its end open, so that connection stays silent for ever, even once another agent has replaced it.
  if (retry === undefined && now - builtAt >= SET.silentMs) connect();
}, 500);
at('resume').onclick = () => fetch('/v1/printer/resume', { method: 'POST' });
at('ask').onclick = () => fetch('/v1/sales/' + encodeURIComponent(at('ask').dataset.sale) + '/ask-again', { method: 'POST' });
connect();
`;
