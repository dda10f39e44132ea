// Runs requests of @supabase/postgrest-js and prints their answers as one object of JSON.
// Usage: node client.mjs FOLDER_OF_THE_PACKAGE URL TOKEN KEY
import { createRequire } from "node:module";
const [folder, url, token, key] = process.argv.slice(2);
const { PostgrestClient } = createRequire(`${folder}/`)(folder);
const person = new PostgrestClient(url, { headers: { Authorization: `Bearer ${token}` }, schema: "marts" });
const plain = new PostgrestClient(url, { headers: { Authorization: `Bearer ${token}` } }); // the schema is public
const program = new PostgrestClient(url, { headers: { apikey: key, Authorization: `Bearer ${key}` }, schema: "stock" });
const games = "fact_team_game";
const show = ({ data, error, count, status }) => ({ data, error, count, status });
const requests = {
    rows: person.from(games).select("game_key,score_for").gt("score_for", 1).order("game_key").order("score_for"),
    plain: plain.from("standings").select("*", { count: "exact" }).order("place").limit(1),
    filters: person.from(games).select("game_key,side").in("score_for", [1, 2]).not("game_key", "is", null)
        .or("score_for.eq.1,and(score_for.eq.2,score_against.lt.2)").order("game_key").order("side"),
    embedded: person.from(games).select("game_key,side,team:dim_team!team_key(team_name)").order("game_key").order("side"),
    range: person.from(games).select("game_key,side", { count: "exact" }).order("game_key").order("side").range(1, 2),
    head: person.from(games).select("*", { count: "exact", head: true }),
    single: person.from("dim_team").select("team_key").order("team_key").limit(1).single(),
    none: person.from("dim_team").select("team_key").eq("team_key", "nothing").maybeSingle(),
    notOne: person.from("dim_team").select("team_key").single(),
    csv: person.from("dim_team").select("team_key").order("team_key").csv(),
    item: program.rpc("add_item", { name: "Scarf", price: 12.5, available: 3 }),
    refused: person.schema("stock").rpc("add_item", { name: "Hat", price: 1, available: 1 }),
    wrong: person.from("dim_team").select("colour_of_the_shirt"),
};
const answers = {};
for (const [name, request] of Object.entries(requests)) answers[name] = show(await request);
console.log(JSON.stringify(answers));
