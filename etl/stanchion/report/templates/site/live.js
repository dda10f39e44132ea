// Follows the games and the standings of a competition. The server streams them, and nothing is polled.
"use strict";

const about = JSON.parse(document.getElementById("about").textContent);
const byId = (id) => document.getElementById(id);
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
const RESULTS = 6; // games that are read
const AGAIN = 2000; // milliseconds until a stream that the server refused is opened again

const made = (tag, kind, ...children) => {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children);
  return element;
};
const swatch = (team) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of [["class", "swatch"], ["viewBox", "0 0 12 12"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const [name, value] of [["cx", 6], ["cy", 6], ["r", 5], ["fill", about.colours[team]]]) circle.setAttribute(name, value);
  svg.append(circle);
  return svg;
};
const nameOf = (team) => about.names[team] || team;
const named = (team) => {
  const shown = made("span", "team", ...(about.colours[team] ? [swatch(team), " "] : []), nameOf(team));
  if (!about.pages[team]) return shown;
  const link = made("a", "", shown);
  link.href = about.pages[team];
  return link;
};
const announce = (text) => {
  byId("announcer").textContent = text;
};

// --- the games ------------------------------------------------------------------------------------------------------

// A game is at the version of its last event. An event at this version or below is already part of it.
const games = new Map();
let shown = null; // key of the game on the board
let announced = "";
let isReading = false;
let isBehind = false; // an event arrived that the answer to the running request may not contain

const scoreOf = (game) => game.scores.at(-1) ?? [0, 0];

function put(row) {
  const known = games.get(row.game_key);
  if (known && known.version >= row.version) return;
  const submitted = row.score_submission;
  games.set(row.game_key, {
    key: row.game_key, number: row.round, version: row.version, home: row.home_team_key, away: row.away_team_key,
    isFinal: row.status === "final",
    scores: submitted.map((each) => [each.home, each.away]),
    texts: submitted.map((_, place) => submitted[place - 1]?.dispute?.reason ?? ""),
    result: row.status === "final" ? [row.official_home, row.official_away] : null,
  });
}

// A score that replaces another one comes with the reason, which names the goal.
function apply(event) {
  const game = games.get(event.stream_id);
  if (!game || event.version > game.version + 1) return read();
  if (event.version <= game.version) return;
  game.version = event.version;
  const { home, away, reason } = event.payload;
  if (event.event_type === "score.disputed") game.reason = reason;
  else if (event.event_type === "score.submitted") {
    game.scores.push([home, away]);
    game.texts.push(game.reason ?? "");
    game.reason = "";
  } else {
    game.isFinal = true;
    game.result = event.event_type === "result.amended" ? [home, away] : scoreOf(game);
  }
}

const READ = new URLSearchParams({
  select: "game_key,round,home_team_key,away_team_key,status,official_home,official_away,version,score_submission(home,away,dispute(reason))",
  competition_key: `eq.${about.competition}`, order: "round.desc.nullslast", limit: RESULTS, "score_submission.order": "submitted_at",
});

async function read() {
  isBehind = true;
  if (isReading) return;
  isReading = true;
  while (isBehind) {
    isBehind = false;
    try {
      const answer = await fetch(`/fixture?${READ}`);
      if (answer.ok) (await answer.json()).forEach(put);
      else setTimeout(read, AGAIN);
    } catch {
      // the stream reports that the connection is lost, and reads when it is open again
    }
  }
  isReading = false;
  show();
}

function show() {
  const ordered = [...games.values()].sort((a, b) => b.number - a.number);
  const game = ordered[0];
  byId("now").setAttribute("aria-busy", String(!game));
  if (!game) return;
  const [home, away] = game.result ?? scoreOf(game);
  const isNew = shown !== game.key;
  shown = game.key;
  byId("state").textContent = game.isFinal ? "Final" : "In progress";
  byId("state").classList.toggle("playing", !game.isFinal);
  if (isNew) {
    byId("home-name").replaceChildren(named(game.home));
    byId("away-name").replaceChildren(named(game.away));
  }
  count(byId("home-goals"), home, isNew);
  count(byId("away-goals"), away, isNew);
  const score = `${nameOf(game.home)} ${home}, ${nameOf(game.away)} ${away}${game.isFinal ? ", final" : ""}.`;
  if (announced !== score) announce((announced = score));
  showMoments(game, isNew);
  byId("finals").replaceChildren(...ordered.filter((each) => each.isFinal).slice(0, RESULTS).map((each) =>
    made("li", "", made("span", "", named(each.home), " – ", named(each.away)), made("strong", "", each.result.join(":")))));
  byId("resultless").hidden = ordered.some((each) => each.isFinal);
  for (const row of byId("lines").rows) mark(row, game);
}

function count(element, goals, isNew) {
  if (element.textContent === String(goals)) return;
  element.textContent = goals;
  if (!isNew && !isCalm.matches) element.animate([{ color: "var(--mark)", transform: "scale(1.18)" }, {}], { duration: 900, easing: "ease-out" });
}

function showMoments(game, isNew) {
  const list = byId("moments");
  if (isNew) list.replaceChildren();
  for (let place = list.childElementCount; place < game.scores.length; place += 1) {
    const [[home, away], [oldHome, oldAway]] = [game.scores[place], game.scores[place - 1] ?? [0, 0]];
    const team = home > oldHome ? game.home : away > oldAway ? game.away : null;
    const item = made("li", "", made("strong", "", `${home}:${away}`), made("span", "", team ? named(team) : "Score so far"), made("span", "muted", game.texts[place]));
    item.hidden = home === oldHome && away === oldAway;
    list.prepend(item);
    if (!isNew && !isCalm.matches) item.animate([{ opacity: 0, transform: "translateY(-0.5rem)" }, {}], { duration: 500, easing: "ease-out" });
  }
  byId("goalless").hidden = [...list.children].some((item) => !item.hidden);
}

// --- the standings --------------------------------------------------------------------------------------------------

const COLUMNS = ["place", "team", "played", "won", "drawn", "lost", "points", "score_for", "score_against"];

function mark(row, game) {
  row.classList.toggle("playing", !game.isFinal && [game.home, game.away].includes(row.dataset.team));
}

function rowOf(line) {
  const known = [...byId("lines").rows].find((row) => row.dataset.team === line.team_key);
  if (known) return known;
  const row = made("tr", "");
  row.dataset.team = line.team_key;
  const cells = COLUMNS.map((name) => made(name === "team" ? "th" : "td", name.startsWith("score_") ? "p3" : ""));
  cells[1].scope = "row";
  cells[1].append(named(line.team_key), made("span", "chip", "live"));
  row.append(...cells);
  return row;
}

function showStandings({ standings }) {
  const body = byId("lines");
  const before = new Map([...body.rows].map((row) => [row, row.getBoundingClientRect().top]));
  const moved = [];
  for (const line of standings) {
    about.names[line.team_key] ??= line.team_name;
    const row = rowOf(line);
    COLUMNS.forEach((name, place) => {
      if (name === "team") return;
      const text = String(Number(line[name]));
      if (name === "place" && before.has(row) && Number(text) < Number(row.cells[0].textContent)) moved.push(`${line.team_name} is now in place ${text}.`);
      if (name === "points" && before.has(row) && text !== row.cells[place].textContent && !isCalm.matches) {
        row.cells[place].animate([{ color: "var(--mark)", transform: "scale(1.25)" }, {}], { duration: 1400, easing: "ease-out" });
      }
      row.cells[place].textContent = text;
    });
    const game = games.get(shown);
    if (game) mark(row, game);
    body.append(row);
  }
  if (moved.length) announce(`${byId("announcer").textContent} ${moved.join(" ")}`);
  if (isCalm.matches) return;
  for (const [row, top] of before) {
    const way = top - row.getBoundingClientRect().top;
    if (way) row.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], { duration: 900, easing: "cubic-bezier(0.3, 0, 0.2, 1)" });
  }
}

// --- the connection -------------------------------------------------------------------------------------------------

const open = new Set(); // streams that are connected
let wasOpen = false;

function follow(path, handlers, whenOpen) {
  let source = null;
  let last = "";
  let timer = 0;
  const lose = () => {
    open.delete(path);
    showConnection();
  };
  const start = () => {
    clearTimeout(timer);
    source?.close();
    const url = new URL(path, location.href);
    if (last) url.searchParams.set("from", last);
    source = new EventSource(url);
    source.onopen = () => {
      open.add(path);
      showConnection();
      whenOpen();
    };
    source.onerror = () => {
      lose();
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(start, AGAIN);
    };
    for (const [kind, handle] of Object.entries(handlers)) {
      source.addEventListener(kind, (message) => {
        last = message.lastEventId || last;
        handle(JSON.parse(message.data));
      });
    }
    // the last message before the server ends a stream; after a restored database it has another position
    source.addEventListener("closed", (message) => {
      last = message.lastEventId;
    });
  };
  start();
  // a browser has six connections to a server for all of its tabs, so a tab that nobody sees gives its own back
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return start();
    clearTimeout(timer);
    source.close();
    lose();
  });
}

function showConnection() {
  const isOpen = open.size === 2;
  wasOpen ||= isOpen;
  const text = isOpen ? "Connected" : wasOpen ? "Connection lost, reconnecting" : "Connecting";
  const line = byId("connection");
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("open", isOpen);
  line.classList.toggle("lost", !isOpen && wasOpen);
}

follow("/live/scores", { events: (events) => {
  events.forEach(apply);
  show();
} }, read);
follow(`/live/standings?competition=${encodeURIComponent(about.competition)}`, { standings: showStandings }, () => {});
