// Uses the generated types for TypeScript, and prints the answers as one object of JSON.
// Usage: node use.js URL TOKEN KEY
import createClient from "openapi-fetch";
import type { BuyResult, Problem, operations, paths } from "./league.js";

declare const process: { argv: string[] };
const [, , url, token, key] = process.argv;

type Games = operations["read_fact_team_game"]["parameters"]["query"];
type Json = "application/json" | "application/problem+json";
const person = createClient<paths, Json>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const program = createClient<paths, Json>({ baseUrl: url, headers: { "X-Api-Key": key } });

function found<T>(answer: { data?: T; error?: Problem }): T {
    if (answer.data === undefined) throw new Error(answer.error?.detail ?? "no answer");
    return answer.data;
}

const games = found(await person.GET("/fact_team_game", {
    params: { query: { score_for: "gt.1", order: "game_key,side", limit: 5 } satisfies Games },
}));
const most: number = Math.max(...games.map((game) => game.score_for ?? 0));
const counted = await person.GET("/fact_team_game", {
    params: { query: { limit: 1, select: "side" }, header: { Prefer: "count=exact" } },
});
const tenant: string | null = found(await program.POST("/rpc/current_tenant"));
const models = "{marts.fact_team_game}";
const versions = found(await program.GET("/rpc/mart_versions", { params: { query: { models } } }));
const scarf = { name: "Scarf", price: 12.5, available: 3 };
const item = found(await program.POST("/rpc/add_item", { body: scarf }));
if (item === null) throw new Error("add_item returned null");
const sold: BuyResult = found(await program.POST("/rpc/buy", {
    params: { header: { "Idempotency-Key": "typed-script" } },
    body: { item, qty: 1, key: "typed-script" },
}));
const left = found(await program.GET("/item", { params: { query: { item_id: `eq.${item}` } } }));
const refused = await person.POST("/rpc/add_item", { body: scarf });
const wrong = await person.GET("/fact_team_game", { params: { query: { score_for: "gt.more" } } });
console.log(JSON.stringify({
    scores: games.map((game) => [game.game_key, game.side, game.score_for]),
    most,
    count: [counted.response.status, counted.response.headers.get("content-range"), found(counted).length],
    tenant,
    versions: versions.map((row) => [row.model, row.version]),
    item,
    left: left.map((row) => row.available),
    state: sold.state,
    problems: [refused.error, wrong.error].map((problem) => [problem?.status, problem?.code]),
}));
